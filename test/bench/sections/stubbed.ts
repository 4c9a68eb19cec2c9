/** What a call costs without a network: processor time, bytes, and the decoding of a long list. */
import type { Section } from "../model.js"
import { names } from "../names.js"
import type { Task } from "../turns.js"
import { operations } from "../wire.js"
import { alternating, nothing, tablesByTask } from "./alternating.js"
import type { Definition } from "./alternating.js"

const tasks = (calls: number, warmUp: number): ReadonlyArray<Task> =>
  operations.map((task) => {
    const share = task === "list" ? 20 : 1
    return { name: task, task, concurrency: 1, calls: calls / share, warmUp: warmUp / share }
  })

const clients = {
  module: "stubbed",
  others: [names.byHand, names.sdk],
  ours: [names.onFetch],
  twice: names.sdk
} as const

const calls: Omit<Definition, "tables"> = {
  name: "stubbed",
  title: "calls on a fetch that returns at once",
  ...clients,
  unit: "µs/call",
  measure: "processor",
  tasks: tasks(1000, 4000)
}

const bytes: Omit<Definition, "tables"> = {
  name: "allocation",
  title: "bytes of the heap that a call takes, on a fetch that returns at once",
  ...clients,
  unit: "bytes/call",
  measure: "bytes",
  // A young generation so large that no garbage is collected while bytes are counted.
  flags: ["--min-semi-space-size=64", "--max-semi-space-size=64"],
  tasks: tasks(200, 4000)
}

const decode: Omit<Definition, "tables"> = {
  name: "decoding",
  title: "from the text of a list of 500 to its values",
  module: "decoding",
  unit: "µs/list",
  measure: "processor",
  tasks: [{ name: "list of 500", task: "list", concurrency: 1, calls: 60, warmUp: 200 }],
  others: [names.parse],
  ours: [names.decode],
  twice: names.parse
}

const bases = [names.sdk, names.byHand]

export const stubbed: Section = alternating(
  { ...calls, tables: (again) => tablesByTask(calls, bases, again) },
  nothing
)

export const allocation: Section = alternating(
  { ...bytes, tables: (again) => tablesByTask(bytes, bases, again) },
  nothing
)

export const decoding: Section = alternating(
  { ...decode, tables: (again) => tablesByTask(decode, [names.parse], again) },
  nothing
)
