/** Processor time of calls over loopback, against a server in a process of its own. */
import { inRounds, processorTime } from "./measure.js"
import type { Rounds } from "./measure.js"
import { startServer } from "./processes.js"
import { operations, overTheWire } from "./subjects.js"
import type { Operation, Subject } from "./subjects.js"

export interface NetworkRow {
  readonly operation: Operation
  readonly concurrency: number
  readonly rounds: Rounds
}

export interface Effort {
  readonly rounds: number
  /** V8 needs some thousands of calls before it has optimized all there is. */
  readonly warmUp: number
  readonly calls: number
}

/** A list of 500 takes as long as some twenty other calls. */
const share = (operation: Operation, calls: number): number =>
  operation === "list" ? Math.ceil(calls / 20) : calls

export const network = async (effort: Effort): Promise<ReadonlyArray<NetworkRow>> => {
  const server = await startServer()
  const subjects = await overTheWire(server.origin)
  const rows: Array<NetworkRow> = []
  for (const operation of operations) {
    await agree(subjects, operation)
    for (const subject of subjects) {
      await subject.run(operation, share(operation, effort.warmUp), 50)
    }
    for (const concurrency of [1, 50]) {
      const calls = share(operation, effort.calls)
      rows.push({
        operation,
        concurrency,
        rounds: await inRounds(subjects, effort.rounds, processorTime(operation, calls, concurrency))
      })
    }
  }
  await Promise.all(subjects.map((subject) => subject.close()))
  server.stop()
  return rows
}

/** A subject that fails quickly must not win: all have to come to an answer of the same size. */
export const agree = async (subjects: ReadonlyArray<Subject>, operation: Operation): Promise<void> => {
  for (const subject of subjects) {
    const answer = await subject.once(operation)
    const size = (Array.isArray(answer) ? answer : (Object(answer).data ?? [answer])).length
    if (size !== (operation === "list" ? 500 : 1)) {
      throw new Error(`${subject.name}: ${operation} gave ${size} answers`)
    }
  }
}
