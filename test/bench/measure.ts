/** Measuring in rounds, with every subject in each of them, so that a disturbance of the machine meets them all. */
import type { Operation, Subject } from "./subjects.js"

/** The middle of several measurements, and the quartiles round it. */
export interface Quartiles {
  readonly median: number
  readonly low: number
  readonly high: number
}

export const quartiles = (values: ReadonlyArray<number>): Quartiles => {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (part: number) => {
    const position = part * (sorted.length - 1)
    const below = sorted[Math.floor(position)] ?? Number.NaN
    const above = sorted[Math.ceil(position)] ?? Number.NaN
    return below + (above - below) * (position - Math.floor(position))
  }
  return { median: at(0.5), low: at(0.25), high: at(0.75) }
}

/** What each subject took in each round. */
export type Rounds = Readonly<Record<string, ReadonlyArray<number>>>

/** How much more one took than another: the middle of the ratios within a round. */
export const ratio = (rounds: Rounds, subject: string, base: string): number => {
  const bases = rounds[base] ?? []
  return quartiles((rounds[subject] ?? []).map((value, round) => value / (bases[round] ?? Number.NaN))).median
}

/** Measures the subjects in turn, starting with another one in every round. */
export const inRounds = async <S extends { readonly name: string }>(
  subjects: ReadonlyArray<S>,
  rounds: number,
  measure: (subject: S) => Promise<number>
): Promise<Rounds> => {
  const values: Record<string, Array<number>> = {}
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < subjects.length; turn++) {
      const subject = subjects[(round + turn) % subjects.length]
      if (subject !== undefined) {
        const value = await measure(subject)
        values[subject.name] = [...(values[subject.name] ?? []), value]
      }
    }
  }
  return values
}

/**
 * Processor time of this process for one call, in microseconds; the collection of garbage is in it.
 *
 * Garbage is not collected by hand in between: with it V8 throws away the code of whoever is not at work just then.
 */
export const processorTime =
  (operation: Operation, calls: number, concurrency: number) =>
  async (subject: Subject): Promise<number> => {
    const before = process.cpuUsage()
    await subject.run(operation, calls, concurrency)
    const { system, user } = process.cpuUsage(before)
    return (user + system) / calls
  }

/** Bytes of the heap that one call takes, as long as no garbage is collected meanwhile. */
export const allocation =
  (operation: Operation, calls: number) =>
  async (subject: Subject): Promise<number> => {
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    await subject.run(operation, calls, 1)
    return (process.memoryUsage().heapUsed - before) / calls
  }

export const collectGarbage = (): void => {
  if (globalThis.gc === undefined) {
    throw new Error("run with --expose-gc")
  }
  globalThis.gc()
}
