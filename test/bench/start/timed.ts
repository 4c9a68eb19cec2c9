/**
 * Prints the processor time, in milliseconds, from the import of a program to its first session. Run by itself, with
 * the program's file and the origin of the server.
 */
import { pathToFileURL } from "node:url"

import { sessionId } from "../wire.js"

const [file = "", origin = ""] = process.argv.slice(2)

const before = process.cpuUsage()
// Every program of this folder, and the generated one, exports this.
const { first } = (await import(pathToFileURL(file).href)) as { first: (origin: string) => Promise<string> }
const id = await first(origin)
const { system, user } = process.cpuUsage(before)

if (id !== sessionId) throw new Error(`${file} returned ${id}`)
console.log((user + system) / 1000)
process.exit(0)
