/**
 * Checks of time and memory, and 100,000 operations against a server that injects faults. Loopback only.
 *
 * Usage: `npm run soak [-- operations [seed]]`. Run it on a machine that does nothing else.
 */
import { Effect } from "effect"

import { checks } from "./checks.js"
import { load } from "./load.js"
import type { Verdict } from "./verdict.js"

const operations = Number(process.argv[2] ?? 100_000)
const seed = Number(process.argv[3] ?? 4)

const report = ({ details = [], holds, what }: Verdict) =>
  Effect.sync(() => {
    console.log(
      [`  ${holds ? "ok  " : "FAIL"} ${what}`, ...details.map((line) => `       ${line}`)].join("\n")
    )
    if (!holds) process.exitCode = 1
  })

const soak = Effect.gen(function* () {
  console.log("checks of time and memory")
  for (const check of checks) {
    yield* Effect.flatMap(check, report)
  }
  yield* Effect.flatMap(load(operations, seed), (verdicts) => Effect.forEach(verdicts, report))
})

await Effect.runPromise(soak)
