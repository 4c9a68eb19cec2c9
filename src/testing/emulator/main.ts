#!/usr/bin/env node
import { run } from "./internal/command.js"

run(process.argv.slice(2))
