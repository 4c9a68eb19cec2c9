/**
 * The built-in retry policy.
 *
 * @see https://clerk.com/docs/guides/how-clerk-works/system-limits
 * @module
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"

import * as ClerkError from "./ClerkError.js"

/**
 * The numbers of the built-in policy.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Retries after the first attempt; 3 by default. */
  readonly times?: number | undefined
  /** The delay before the first retry; 200 milliseconds by default. */
  readonly base?: Duration.DurationInput | undefined
  /** Each delay is the one before it, times this factor; 2 by default. */
  readonly factor?: number | undefined
  /** The longest delay, unless the server asks for a longer one; 10 seconds by default. */
  readonly maxDelay?: Duration.DurationInput | undefined
  /** A `Retry-After` longer than this is not waited for: the operation fails at once; 60 seconds by default. */
  readonly maxRetryAfter?: Duration.DurationInput | undefined
}

/**
 * Creates the built-in policy: exponential, jittered (80 to 120 %), and never shorter than a `Retry-After`.
 *
 * **Details**
 *
 * It ends at once for an error that is not retryable (`ClerkError.isRetryable`), and for a `Retry-After` longer than
 * `maxRetryAfter`. It is a plain `Schedule`: pass it to `ClerkConfig`, or to `Effect.retry`.
 *
 * **Gotchas**
 *
 * Where you retry an operation yourself, turn its own retries off with `ClerkConfig.withoutRetry`, or the two multiply.
 *
 * **Example** (retry ten times)
 *
 * ```ts
 * import { ClerkConfig, ClerkRetry, Sessions } from "effect-clerk"
 *
 * export const session = Sessions.get("sess_1").pipe(
 *   ClerkConfig.withRetry(ClerkRetry.schedule({ times: 10 })),
 *   ClerkConfig.withDeadline("2 minutes")
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const schedule = ({
  base = "200 millis",
  factor = 2,
  maxDelay = "10 seconds",
  maxRetryAfter = "60 seconds",
  times = 3
}: Options = {}): Schedule.Schedule<ClerkError.ClerkError, ClerkError.ClerkError> => {
  const askedFor = (error: ClerkError.ClerkError) =>
    Option.getOrElse(ClerkError.retryAfter(error), () => Duration.zero)
  return Schedule.exponential(base, factor).pipe(
    Schedule.jittered,
    Schedule.modifyDelay((_, delay) => Duration.min(delay, maxDelay)),
    Schedule.intersect(Schedule.recurs(times)),
    Schedule.whileInput(
      (error: ClerkError.ClerkError) =>
        ClerkError.isRetryable(error) && Duration.lessThanOrEqualTo(askedFor(error), maxRetryAfter)
    ),
    Schedule.passthrough,
    // After the jitter, which could go below what the server asked for. In whole milliseconds, because a test clock
    // that stands between two of them cannot tell spans the time.
    Schedule.modifyDelay((error, delay) =>
      Duration.millis(Math.ceil(Duration.toMillis(Duration.max(delay, askedFor(error)))))
    )
  )
}
