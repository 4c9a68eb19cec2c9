/**
 * The benchmark: `npm run bench`, with `-- --quick` for a first look within a minute, and `-- --json FILE` to keep the
 * figures. Nothing but loopback is spoken to.
 */
import { writeFileSync } from "node:fs"
import { parseArgs } from "node:util"

import type { LocalResult } from "./local.js"
import { inRounds } from "./measure.js"
import type { Rounds } from "./measure.js"
import { network } from "./network.js"
import { inFreshProcess, startServer } from "./processes.js"
import { print } from "./report.js"
import type { Results } from "./report.js"
import type { StreamResult } from "./stream.js"

const { values } = parseArgs({
  options: { json: { type: "string" }, quick: { type: "boolean", default: false } }
})

const effort = values.quick
  ? { rounds: 3, warmUp: 1000, calls: 250, starts: 2 }
  : { rounds: 7, warmUp: 8000, calls: 3000, starts: 11 }

const typescript = ["--expose-gc", "--import", "tsx"]

const start = async (): Promise<Rounds> => {
  const server = await startServer()
  const clients = ["fetch", "sdk", "leaves", "ours"].map((name) => ({ name }))
  const rounds = await inRounds(clients, effort.starts, async ({ name }) => {
    // What `start.mjs` prints.
    const printed = (await inFreshProcess("start.mjs", { args: [name, server.origin] })) as {
      milliseconds: number
    }
    return printed.milliseconds
  })
  server.stop()
  return rounds
}

const results: Results = {
  node: process.version,
  quick: values.quick,
  network: await network(effort),
  // What `local.ts` prints.
  local: (await inFreshProcess("local.ts", {
    flags: ["--max-semi-space-size=256", ...typescript],
    args: [String(effort.rounds), String(effort.warmUp)]
  })) as LocalResult,
  start: await start(),
  // What `stream.ts` prints.
  stream: (await inFreshProcess("stream.ts", { flags: typescript })) as StreamResult
}

if (values.json !== undefined) {
  writeFileSync(values.json, `${JSON.stringify(results, undefined, 2)}\n`)
}
print(results)
