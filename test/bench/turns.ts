/** Measures subjects in turns, with all of them in each turn, so that a disturbance of the machine meets them all. */
import { cellKey } from "./model.js"
import type { Build, Effort, Measured, Run, Table } from "./model.js"
import { reasonOf, startWorker } from "./processes.js"
import type { Job } from "./processes.js"
import { halfWidth, narrow, pairedRatio } from "./statistics.js"

/** One participant of the turns: a process of its own. */
export interface Participant {
  readonly name: string
  /** The subject that it runs; its second process, for the noise, has another name but the same subject. */
  readonly subject: string
  readonly build: Build
}

export interface Task {
  readonly name: string
  /** What `worker.ts` runs; the same task with more callers at once has another name. */
  readonly task: string
  readonly concurrency: number
  /** Calls in one slice, and before the first one. */
  readonly calls: number
  readonly warmUp: number
}

export interface Alternation {
  readonly name: string
  readonly module: string
  readonly participants: ReadonlyArray<Participant>
  readonly tasks: ReadonlyArray<Task>
  readonly tables: ReadonlyArray<Table>
  readonly measure: Job["measure"]
  readonly flags?: ReadonlyArray<string>
  readonly context: unknown
}

/** Figures as they come in. */
export class Ledger {
  readonly values = new Map<string, Array<number>>()
  readonly missing = new Map<string, string>()
  readonly failed = new Map<string, string>()

  add(subject: string, task: string, value: number): void {
    const key = cellKey({ subject, task })
    const values = this.values.get(key) ?? []
    values.push(value)
    this.values.set(key, values)
  }

  /** Drops the figures of a subject that failed in some turn: they would be paired with those of other turns. */
  fail(subject: string, reason: string): void {
    this.failed.set(subject, reason)
    for (const key of this.values.keys()) {
      if (key.startsWith(`${subject}\n`)) this.values.delete(key)
    }
  }

  measured(tables: ReadonlyArray<Table>): Measured {
    const { failed, missing, values } = this
    return { tables, values, missing, failed }
  }
}

/** Whether every ratio of the tables has a narrow interval. */
const allNarrow = (tables: ReadonlyArray<Table>, { values }: Ledger): boolean =>
  tables.every(({ rows }) =>
    rows.every(({ against, cell }) =>
      Object.values(against).every((base) => {
        const ratio = pairedRatio(values.get(cellKey(cell)) ?? [], values.get(cellKey(base)) ?? [])
        return ratio.turns === 0 || halfWidth(ratio) <= narrow
      })
    )
  )

/** Takes turns until all intervals are narrow or the effort is spent. */
export const takeTurns = async (
  name: string,
  { effort, progress }: Run,
  tables: ReadonlyArray<Table>,
  turn: (turn: number, ledger: Ledger) => Promise<void>
): Promise<Measured> => {
  const ledger = new Ledger()
  const { least, most } = effort.turns
  for (let number = 0; number < most; number++) {
    if (number >= least && allNarrow(tables, ledger)) break
    progress(`${name}: turn ${number + 1} of ${least === most ? most : `${least} to ${most}`}`)
    await turn(number, ledger)
  }
  return ledger.measured(tables)
}

/** The list, beginning at another place each time. */
export const rotate = <A>(list: ReadonlyArray<A>, by: number): ReadonlyArray<A> => {
  const start = list.length === 0 ? 0 : by % list.length
  return [...list.slice(start), ...list.slice(0, start)]
}

/**
 * Measures each participant in fresh processes, several turns long.
 *
 * **Details**
 *
 * What V8 makes of the same code differs from process to process, and that belongs into the interval: this is why a
 * turn starts all processes anew. Within a turn the processes live side by side, and take slices of a task one after
 * the other, while the others wait.
 */
export const alternate = (run: Run, alternation: Alternation): Promise<Measured> =>
  takeTurns(alternation.name, run, alternation.tables, async (turn, ledger) => {
    const due = alternation.participants.filter(
      ({ name }) => !ledger.missing.has(name) && !ledger.failed.has(name)
    )
    const workers = await Promise.all(
      due.map(({ build, name, subject }) =>
        startWorker(name, {
          node: run.node,
          build,
          module: alternation.module,
          subject,
          flags: ["--expose-gc", ...(alternation.flags ?? [])],
          context: alternation.context
        })
      )
    )
    try {
      for (const { name, ready } of workers) {
        if (ready._tag === "missing") ledger.missing.set(name, ready.reason)
        if (ready._tag === "failed") ledger.fail(name, ready.reason)
      }
      const able = workers.filter(({ ready }) => ready._tag === "ready")
      await measureTurn(turn, rotate(able, turn), alternation, run.effort, ledger)
    } finally {
      await Promise.all(workers.map((worker) => worker.stop()))
    }
  })

const measureTurn = async (
  turn: number,
  workers: ReadonlyArray<Awaited<ReturnType<typeof startWorker>>>,
  { measure, tasks }: Alternation,
  effort: Effort,
  ledger: Ledger
): Promise<void> => {
  const attempt = async (name: string, effect: () => Promise<number>): Promise<number> => {
    if (ledger.failed.has(name)) return Number.NaN
    try {
      return await effect()
    } catch (error) {
      ledger.fail(name, reasonOf(error))
      return Number.NaN
    }
  }
  const scale = (calls: number, by: number) => Math.max(1, Math.round(calls * by))
  for (const { concurrency, task, warmUp } of tasks) {
    const job: Job = { task, concurrency, calls: scale(warmUp, effort.warmUp), measure: "processor" }
    await Promise.all(workers.map((worker) => attempt(worker.name, () => worker.run(job))))
  }
  // Bytes do not depend on what else the machine does.
  const slices = measure === "bytes" ? 1 : effort.slices
  for (const { calls, concurrency, name, task } of rotate(tasks, turn)) {
    const job: Job = { task, concurrency, calls: scale(calls, effort.calls), measure }
    const sums = new Map<string, number>()
    for (let slice = 0; slice < slices; slice++) {
      for (const worker of rotate(workers, slice)) {
        const perCall = await attempt(worker.name, () => worker.run(job))
        sums.set(worker.name, (sums.get(worker.name) ?? 0) + perCall)
      }
    }
    for (const [subject, sum] of sums) {
      if (!ledger.failed.has(subject)) ledger.add(subject, name, sum / slices)
    }
  }
}
