/** A kept token and a turn of the limiter, each beside the call without it. */
import type { Section, Table } from "../model.js"
import { names } from "../names.js"
import { limiterTasks, tokenTasks } from "../wire.js"
import { alternating, nothing, row } from "./alternating.js"
import type { Definition } from "./alternating.js"

/** One table: the tasks of one subject, divided by one of them. */
const section = (
  definition: Omit<Definition, "tables" | "unit" | "measure" | "others" | "ours" | "twice" | "tasks">,
  subject: string,
  tasks: ReadonlyArray<{ readonly task: string; readonly calls: number }>,
  base: string
): Section => {
  const tables = (again: string): ReadonlyArray<Table> => [
    {
      title: "one at a time",
      unit: "µs",
      bases: [base],
      rows: [
        ...tasks.map(({ task }) => row(task, { subject, task }, { [base]: { subject, task: base } })),
        row(`${base}, again`, { subject: again, task: base }, { [base]: { subject, task: base } })
      ]
    }
  ]
  return alternating(
    {
      ...definition,
      unit: "µs",
      measure: "processor",
      others: [],
      ours: [subject],
      twice: subject,
      tasks: tasks.map(({ calls, task }) => ({ name: task, task, concurrency: 1, calls, warmUp: calls * 3 })),
      tables
    },
    nothing
  )
}

export const tokens: Section = section(
  { name: "tokens", title: "a token that is kept, beside one that is minted (no network)", module: "tokens" },
  names.tokens,
  [
    { task: tokenTasks.kept, calls: 5000 },
    { task: tokenTasks.minted, calls: 1000 }
  ],
  tokenTasks.minted
)

export const limiter: Section = section(
  {
    name: "limiter",
    title: "a turn of the rate limiter, and a call that takes one (no network)",
    module: "limiter"
  },
  names.limiter,
  [
    { task: limiterTasks.turn, calls: 5000 },
    { task: limiterTasks.within, calls: 1000 },
    { task: limiterTasks.without, calls: 1000 }
  ],
  limiterTasks.without
)
