/** Verification of session tokens with a key that is kept. */
import type { Section } from "../model.js"
import { names } from "../names.js"
import { signTokens } from "../signTokens.js"
import { alternating, tablesByTask } from "./alternating.js"
import type { Definition } from "./alternating.js"

const definition: Omit<Definition, "tables"> = {
  name: "verify",
  title: "verification of a session token with a kept key",
  module: "verify",
  unit: "µs/token",
  measure: "processor",
  tasks: [1, 50].map((concurrency) => ({
    name: concurrency === 1 ? "one at a time" : "50 at once",
    task: "verify",
    concurrency,
    calls: 1000,
    warmUp: 2000
  })),
  others: [names.subtle, names.jose, names.sdk],
  ours: [names.verifier],
  twice: names.sdk
}

export const verify: Section = alternating(
  {
    ...definition,
    tables: (again) => tablesByTask(definition, [names.sdk, names.jose, names.subtle], again)
  },
  () => Promise.resolve({ context: signTokens(), release: () => {} })
)
