/** Compiles the snippets on stdin (JSON), and prints what is wrong with them (JSON). A process of its own: it takes long. */
import { text } from "node:stream/consumers"

import { compile, type Snippet } from "./snippets.js"

const snippets: ReadonlyArray<Snippet> = JSON.parse(await text(process.stdin))
process.stdout.write(JSON.stringify(compile(snippets)))
