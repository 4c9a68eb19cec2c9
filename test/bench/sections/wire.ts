/** Calls over loopback, and the same bodies sent in other ways. */
import type { Row, Section, Table } from "../model.js"
import { names } from "../names.js"
import { startServer } from "../processes.js"
import type { Task } from "../turns.js"
import { bodyTask, encodings } from "../wire.js"
import type { Operation } from "../wire.js"
import { alternating, row, tablesByTask } from "./alternating.js"
import type { Definition, Resource } from "./alternating.js"

/** Calls in a slice and before the first one. A list of 500 costs as much as some twenty other calls. */
const amounts: Record<Operation, { readonly calls: number; readonly warmUp: number }> = {
  get: { calls: 800, warmUp: 4000 },
  createToken: { calls: 800, warmUp: 2000 },
  list: { calls: 40, warmUp: 200 }
}

const withServer: Resource = async ({ node }) => {
  const server = await startServer(node)
  return { context: server.origins, release: server.stop }
}

const clients = {
  unit: "µs/call",
  measure: "processor",
  others: [names.byHand, names.sdk],
  ours: [names.onFetch, names.onUndici, names.onTuned],
  twice: names.sdk
} as const

const callTasks = (["get", "createToken", "list"] as const).flatMap((task) =>
  [1, 50].map((concurrency): Task => ({
    name: `${task === "list" ? "list of 500" : task}, ${concurrency === 1 ? "one at a time" : "50 at once"}`,
    task,
    concurrency,
    calls: amounts[task].calls,
    warmUp: amounts[task].warmUp / 2
  }))
)

const calls: Omit<Definition, "tables"> = {
  name: "wire",
  title: "calls over loopback",
  module: "wire",
  ...clients,
  others: [...clients.others, names.plain],
  tasks: callTasks
}

export const wire: Section = alternating(
  { ...calls, tables: (again) => tablesByTask(calls, [names.sdk, names.plain], again) },
  withServer
)

const bodyTasks = encodings.flatMap((encoding) =>
  (["get", "list"] as const).map((operation): Task => ({
    name: bodyTask(operation, encoding),
    task: bodyTask(operation, encoding),
    concurrency: 1,
    calls: amounts[operation].calls,
    warmUp: amounts[operation].warmUp / 2
  }))
)

/** One table an operation: each encoding of each subject, divided by the same with a length. */
const bodyTable = (operation: "get" | "list", again: string): Table => {
  const length = bodyTask(operation, "length")
  const rows = [names.byHand, names.sdk, ...clients.ours].flatMap((subject): ReadonlyArray<Row> => [
    ...encodings.map((encoding) =>
      row(
        `${subject}, ${encoding}`,
        { subject, task: bodyTask(operation, encoding) },
        { "with a length": { subject, task: length } }
      )
    ),
    ...(subject === clients.twice
      ? [row(again, { subject: again, task: length }, { "with a length": { subject, task: length } })]
      : [])
  ])
  return {
    title: operation === "list" ? "list of 500, one at a time" : "get, one at a time",
    unit: clients.unit,
    bases: ["with a length"],
    rows
  }
}

export const bodies: Section = alternating(
  {
    name: "bodies",
    title: "the same bodies in chunks, and compressed where the client asks for gzip",
    module: "bodies",
    ...clients,
    tasks: bodyTasks,
    tables: (again) => [bodyTable("get", again), bodyTable("list", again)]
  },
  withServer
)
