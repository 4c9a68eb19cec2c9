/** What a program can observe of a scenario, as plain data that can be compared. */
import { Cause, Equal, Exit, FiberId, FiberRefs, HashMap, Logger, Predicate } from "effect"

export interface Observation {
  /** The value, or the reasons of the cause. */
  readonly outcome: unknown
  /** Methods and targets of the requests that the server saw, sorted. */
  readonly requests: ReadonlyArray<string>
  /** Requests that the client gave up. */
  readonly aborted: number
  /** Requests in flight after the end. */
  readonly inFlight: number
  /** Level and text of every log line, at Debug and above. */
  readonly logs: ReadonlyArray<string>
  /** Fibers alive after the end. */
  readonly fibers: number
  /** How many `FiberRef`s of the caller have another value than before. */
  readonly changedRefs: number
  /** Everything that the scenario noted, in order: finalizers, what the client saw, intermediate results. */
  readonly events: ReadonlyArray<unknown>
}

/** The names under which fibers appear in a cause. */
export type Names = Map<string, string>

const nameOf =
  (names: Names) =>
  (id: FiberId.FiberId): string =>
    Array.from(FiberId.toSet(id), (one) => names.get(FiberId.threadName(one)) ?? "another fiber")
      .toSorted()
      .join(" and ")

const tagOf = (error: unknown): string =>
  Predicate.hasProperty(error, "_tag") ? String(error._tag) : String(error)

/** The reasons of a cause in order, each once; with the names of the fibers that interrupted, where given. */
export const reasons = (cause: Cause.Cause<unknown>, names?: Names): ReadonlyArray<string> => {
  const join = (left: ReadonlyArray<string>, right: ReadonlyArray<string>) => [
    ...new Set([...left, ...right])
  ]
  return Cause.match(cause, {
    onEmpty: [],
    onFail: (error) => [`fails: ${tagOf(error)}`],
    onDie: (defect) => [`dies: ${defect instanceof Error ? defect.message : String(defect)}`],
    onInterrupt: (id) => [names === undefined ? "interrupted" : `interrupted by ${nameOf(names)(id)}`],
    onSequential: join,
    onParallel: join
  })
}

export const outcome = (exit: Exit.Exit<unknown, unknown>): unknown =>
  Exit.isSuccess(exit) ? exit.value : reasons(exit.cause).join(", then ")

/**
 * Lines that only one side can have: the line that `effect-clerk` writes for a retry is documented, and the test clock
 * reminds of itself on a slow machine.
 */
const isExpected = (text: string) =>
  /^Sessions\.\w+: .*retrying in /.test(text) || text.startsWith("Warning: A test is using time")

/** A logger that keeps lines. */
export const collector = (lines: Array<string>): Logger.Logger<unknown, void> =>
  Logger.make(({ annotations, logLevel, message, spans }) => {
    const text = [message].flat().map(String).join(" ")
    if (isExpected(text)) return
    const extra = [
      ...HashMap.toEntries(annotations).map(([key, value]) => `${key}=${String(value)}`),
      ...[...spans].map(({ label }) => `span=${label}`)
    ]
    lines.push([logLevel.label, text, ...extra].join(" "))
  })

/** How many refs differ between two snapshots of a fiber. */
export const changedRefs = (before: FiberRefs.FiberRefs, after: FiberRefs.FiberRefs): number => {
  const refs = new Set([...before.locals.keys(), ...after.locals.keys()])
  return [...refs].filter(
    (ref) => !Equal.equals(FiberRefs.getOrDefault(before, ref), FiberRefs.getOrDefault(after, ref))
  ).length
}
