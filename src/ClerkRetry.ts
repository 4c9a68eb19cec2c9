/**
 * How patiently an operation is repeated after a failure that may pass.
 *
 * @see https://clerk.com/docs/guides/how-clerk-works/system-limits
 * @module
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"

import * as ClerkError from "./ClerkError.js"

/**
 * What marks a policy of this module, so that settings can tell it from anything else.
 *
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("effect-clerk/ClerkRetry")

/**
 * What marks a policy of this module, so that settings can tell it from anything else.
 *
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * A retry policy, made by `make`, `none` or `fromSchedule`.
 *
 * Gotchas: whatever its schedule says, an operation is only repeated where `ClerkError.isRetryable` allows it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClerkRetry {
  readonly [TypeId]: TypeId
  readonly schedule: Schedule.Schedule<unknown, ClerkError.ClerkError>
}

/**
 * Whether a value is a retry policy.
 *
 * @since 0.1.0
 * @category guards
 */
export const isClerkRetry = (u: unknown): u is ClerkRetry =>
  Predicate.hasProperty(u, TypeId) && Predicate.hasProperty(u, "schedule") && Schedule.isSchedule(u.schedule)

/**
 * The settings of the built-in policy.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Repetitions after the first attempt; 3 by default. */
  readonly times?: number | undefined
  /** The delay before the first repetition; 200 milliseconds by default. */
  readonly base?: Duration.DurationInput | undefined
  /** What each delay is multiplied with to give the next; 2 by default. */
  readonly factor?: number | undefined
  /** No delay of our own is longer; 10 seconds by default. */
  readonly cap?: Duration.DurationInput | undefined
  /** A server that asks for a longer wait ends the repetitions at once; 60 seconds by default. */
  readonly maxRetryAfter?: Duration.DurationInput | undefined
}

/**
 * The built-in policy as a plain schedule, to pipe into `Effect.retry` by hand.
 *
 * Details: exponential and jittered (80 to 120 %), never shorter than a `Retry-After`, ending at once for a failure
 * that must not be repeated and for a `Retry-After` beyond `maxRetryAfter`.
 *
 * Gotchas: turn the client's own repetitions off (`ClerkConfig.withoutRetry`) where this one takes over, or the two
 * multiply.
 *
 * @example
 * ```ts
 * import { ClerkConfig, ClerkRetry, Sessions } from "effect-clerk"
 * import { Effect } from "effect"
 *
 * export const patient = Sessions.get("sess_1").pipe(
 *   ClerkConfig.withoutRetry,
 *   Effect.retry(ClerkRetry.schedule({ times: 10 }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category schedules
 */
export const schedule = ({
  base = "200 millis",
  cap = "10 seconds",
  factor = 2,
  maxRetryAfter = "60 seconds",
  times = 3
}: Options = {}): Schedule.Schedule<ClerkError.ClerkError, ClerkError.ClerkError> => {
  const asked = (error: ClerkError.ClerkError) =>
    Option.getOrElse(ClerkError.retryAfter(error), () => Duration.zero)
  return Schedule.exponential(base, factor).pipe(
    Schedule.jittered,
    Schedule.modifyDelay((_, delay) => Duration.min(delay, cap)),
    Schedule.intersect(Schedule.recurs(times)),
    Schedule.whileInput(
      (error: ClerkError.ClerkError) =>
        ClerkError.isRetryable(error) && Duration.lessThanOrEqualTo(asked(error), maxRetryAfter)
    ),
    Schedule.passthrough,
    // After the jitter, which would otherwise undercut what the server asked for. In whole milliseconds, because a
    // test clock that stands between two of them cannot tell spans what time it is.
    Schedule.modifyDelay((error, delay) =>
      Duration.millis(Math.ceil(Duration.toMillis(Duration.max(delay, asked(error)))))
    )
  )
}

/**
 * Repeats as the given schedule says, in place of the built-in policy, still only where that is safe.
 *
 * Gotchas: the schedule alone decides on the delay; a `Retry-After` is in its input, see `ClerkError.retryAfter`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromSchedule = (schedule: Schedule.Schedule<unknown, ClerkError.ClerkError>): ClerkRetry => ({
  [TypeId]: TypeId,
  schedule
})

/**
 * Makes the built-in policy: exponential, jittered, and never shorter than a `Retry-After`.
 *
 * @example
 * ```ts
 * import { ClerkConfig, ClerkRetry, Sessions } from "effect-clerk"
 *
 * export const brief = Sessions.get("sess_1").pipe(ClerkConfig.withRetry(ClerkRetry.make({ times: 1 })))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options?: Options): ClerkRetry => fromSchedule(schedule(options))

/**
 * Never repeats.
 *
 * @since 0.1.0
 * @category constructors
 */
export const none: ClerkRetry = fromSchedule(Schedule.stop)
