/**
 * The rate limiter as a service that `call` asks for.
 *
 * It is apart from its layers, so that a program without a limiter does not load their engine.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"

import type { Settings } from "../ClerkConfig.js"
import type { RateLimited } from "../ClerkError.js"

/**
 * The operation, method and path of one request, as the errors of its call name them.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestContext {
  /** The name of the operation, such as `Sessions.get`. */
  readonly operation: string
  /** The HTTP method. */
  readonly method: string
  /** The path without the query. */
  readonly path: string
}

/**
 * Gives out the turns in which requests may be sent.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limiter {
  /**
   * Waits until one more request fits into the quota of the settings' secret key.
   *
   * Fails with `RateLimited` (code `client_rate_limit`) instead of waiting longer than `timeLeft`, the time until the
   * deadline of the operation.
   */
  readonly takeTurn: (
    context: RequestContext,
    settings: Settings,
    timeLeft: Duration.Duration
  ) => Effect.Effect<void, RateLimited>
  /** Holds all requests of the settings' secret key back, after a 429 of Clerk that asked for this wait. */
  readonly holdBack: (settings: Settings, retryAfter: Duration.Duration) => Effect.Effect<void>
}

/**
 * The rate limiter of a program; without one, requests are sent at once.
 *
 * @since 0.1.0
 * @category tags
 */
export class ClerkRateLimiter extends Context.Tag("effect-clerk/ClerkRateLimiter")<
  ClerkRateLimiter,
  Limiter
>() {}
