/** The schedule that a call retries with. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { LazyArg } from "effect/Function"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as Intervals from "effect/ScheduleIntervals"

import * as ClerkError from "../ClerkError.js"

interface Options {
  /** Epoch milliseconds at which the whole operation must have ended. */
  readonly endsAt: number
  /** Runs before each wait. */
  readonly onRetry: (error: ClerkError.ClerkError, delay: Duration.Duration) => Effect.Effect<void>
}

/**
 * Restricts the schedule of the settings to errors that may be retried and waits that end before the deadline.
 *
 * The combinators of `Schedule` do not see the wait that a schedule has decided on, so its step is wrapped.
 */
export const restrict = (
  schedule: Schedule.Schedule<unknown, ClerkError.ClerkError>,
  { endsAt, onRetry }: Options
): Schedule.Schedule<unknown, ClerkError.ClerkError> =>
  Schedule.makeWithState(schedule.initial, (now, error: ClerkError.ClerkError, state) => {
    if (!ClerkError.isRetryable(error)) {
      return Effect.succeed([state, undefined, ScheduleDecision.done])
    }
    return Effect.flatMap(schedule.step(now, error, state), ([next, out, decision]) => {
      const wait = ScheduleDecision.isContinue(decision)
        ? Intervals.start(decision.intervals) - now
        : Infinity
      return now + wait < endsAt
        ? Effect.as(onRetry(error, Duration.millis(wait)), [next, out, decision])
        : Effect.succeed([next, out, ScheduleDecision.done])
    })
  })

/** `Effect.retry`, which makes no driver for the schedule before the first attempt has failed. */
export const retry = <A, E extends ClerkError.ClerkError, R>(
  attempt: Effect.Effect<A, E, R>,
  policy: LazyArg<Schedule.Schedule<unknown, ClerkError.ClerkError>>
): Effect.Effect<A, E, R> =>
  Effect.catchIf(attempt, ClerkError.isRetryable, (first) => {
    let isFirst = true
    const next = Effect.suspend(() => {
      const result = isFirst ? Effect.fail(first) : attempt
      isFirst = false
      return result
    })
    return Effect.retry(next, policy())
  })
