/**
 * Serves a fake Clerk from a clone: `npm run emulator -- --port 4200`. An installed package has the same command:
 * `npx effect-clerk emulator`.
 */
import { run } from "../src/testing/emulator/internal/command.js"

run(["emulator", ...process.argv.slice(2)])
