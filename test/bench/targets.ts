/** What the figures are held against. A target holds if the upper end of its interval is not above `atMost`. */
import { flat, partNames } from "./heap.js"
import { names } from "./names.js"
import { limiterTasks, tokenTasks } from "./wire.js"

export interface Target {
  readonly section: string
  /** The table, the row and the base, by their titles. Without a base, the row's own figure is judged. */
  readonly table: string
  readonly row: string
  readonly base?: string
  readonly atMost: number
}

const wire = (table: string, row: string, atMost: number): Target => ({
  section: "wire",
  table,
  row,
  base: names.sdk,
  atMost
})

const verify = (table: string, base: string, atMost: number): Target => ({
  section: "verify",
  table,
  row: names.verifier,
  base,
  atMost
})

const body = (table: string, subject: string, encoding: string): Target => ({
  section: "bodies",
  table,
  row: `${subject}, ${encoding}`,
  base: "with a length",
  atMost: 1.5
})

export const targets: ReadonlyArray<Target> = [
  wire("get, 50 at once", names.onUndici, 0.9),
  wire("get, 50 at once", names.onTuned, 0.45),
  wire("get, 50 at once", names.onFetch, 1.8),
  wire("list of 500, one at a time", names.onUndici, 1.15),
  wire("list of 500, one at a time", names.onFetch, 1.4),
  ...[names.onFetch, names.onUndici, names.onTuned].flatMap((subject) =>
    ["chunked", "gzip"].flatMap((encoding) => [
      body("get, one at a time", subject, encoding),
      body("list of 500, one at a time", subject, encoding)
    ])
  ),
  verify("one at a time", names.sdk, 0.6),
  verify("50 at once", names.sdk, 0.6),
  verify("one at a time", names.jose, 1.6),
  verify("50 at once", names.jose, 1.6),
  { section: "tokens", table: "one at a time", row: tokenTasks.kept, atMost: 25 },
  { section: "limiter", table: "one at a time", row: limiterTasks.turn, atMost: 10 },
  { section: "decoding", table: "list of 500", row: names.decode, base: names.parse, atMost: 2 },
  { section: "start", table: "node_modules", row: names.oursFirst, base: names.leaves, atMost: 1.1 },
  { section: "start", table: "bundled", row: names.oursFirst, base: names.leaves, atMost: 1.1 },
  {
    section: "bundle",
    table: "programs, with everything",
    row: "Sessions.get, over the same by hand",
    atMost: 12
  },
  {
    section: "bundle",
    table: "programs, with everything",
    row: "SessionVerifier, over Sessions.get",
    atMost: 10
  },
  ...partNames.map((row) => ({
    section: "memory",
    table: "heap after a collection of garbage",
    row,
    base: "first tenth",
    atMost: flat
  }))
]
