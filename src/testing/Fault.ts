/**
 * The faults that a fake Clerk can inject into a request.
 *
 * @module
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

import type { ErrorEntry } from "../ClerkError.js"

/**
 * A fault of one request.
 *
 * @since 0.1.0
 * @category models
 */
export type Fault =
  | { readonly _tag: "RateLimited"; readonly retryAfter: Option.Option<Duration.Duration> }
  | { readonly _tag: "Status"; readonly status: number; readonly errors: ReadonlyArray<ErrorEntry> }
  | { readonly _tag: "Reset" }
  | { readonly _tag: "ResponseLost" }
  | { readonly _tag: "Hang" }
  | { readonly _tag: "Delay"; readonly duration: Duration.Duration }
  | { readonly _tag: "Truncated" }

/**
 * Responds with a 429, and with a `Retry-After` header if a duration is given.
 *
 * @since 0.1.0
 * @category constructors
 */
export const rateLimited = (retryAfter?: Duration.DurationInput): Fault => ({
  _tag: "RateLimited",
  retryAfter: Option.map(Option.fromNullable(retryAfter), Duration.decode)
})

/**
 * Responds with a status (200 to 599) and an envelope of errors. The request is not handled.
 *
 * @since 0.1.0
 * @category constructors
 */
export const status = (status: number, errors: ReadonlyArray<ErrorEntry> = []): Fault => ({
  _tag: "Status",
  status,
  errors
})

/**
 * Closes the connection before the request is handled.
 *
 * **Gotchas**
 *
 * A server that does not expose its sockets, such as Bun's, responds with a 502 that has no envelope. The same holds for
 * `responseLost`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const reset: Fault = { _tag: "Reset" }

/**
 * Handles the request, then closes the connection instead of responding.
 *
 * @since 0.1.0
 * @category constructors
 */
export const responseLost: Fault = { _tag: "ResponseLost" }

/**
 * Never responds and keeps the connection open.
 *
 * @since 0.1.0
 * @category constructors
 */
export const hang: Fault = { _tag: "Hang" }

/**
 * Handles the request after a duration on Effect's clock.
 *
 * @since 0.1.0
 * @category constructors
 */
export const delay = (duration: Duration.DurationInput): Fault => ({
  _tag: "Delay",
  duration: Duration.decode(duration)
})

/**
 * Handles the request and responds with the first half of the body.
 *
 * @since 0.1.0
 * @category constructors
 */
export const truncated: Fault = { _tag: "Truncated" }
