/**
 * What can go wrong between a program and the Clerk of its tests.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

import type { ErrorEntry } from "../ClerkError.js"

/**
 * One way in which a request goes wrong.
 *
 * @since 0.1.0
 * @category models
 */
export type Fault =
  | { readonly _tag: "RateLimited"; readonly retryAfter: Option.Option<Duration.Duration> }
  | { readonly _tag: "Status"; readonly status: number; readonly errors: ReadonlyArray<ErrorEntry> }
  | { readonly _tag: "Reset" }
  | { readonly _tag: "Lost" }
  | { readonly _tag: "Hang" }
  | { readonly _tag: "Delay"; readonly duration: Duration.Duration }
  | { readonly _tag: "Garbled" }

/**
 * A 429, with a `Retry-After` of the given duration if there is one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const rateLimited = (retryAfter?: Duration.DurationInput): Fault => ({
  _tag: "RateLimited",
  retryAfter: Option.map(Option.fromNullable(retryAfter), Duration.decode)
})

/**
 * An answer with this status (200 to 599) and these errors in its envelope; nothing happens to the session.
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
 * The connection is lost before the request is handled: nothing happens, and no answer comes.
 *
 * Gotchas: a server that does not show its sockets, such as Bun's own, cannot drop one: there, a 502 that is not Clerk's
 * stands for this fault and for `lost`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const reset: Fault = { _tag: "Reset" }

/**
 * The request is handled, and then the connection is lost before its answer arrives.
 *
 * @since 0.1.0
 * @category constructors
 */
export const lost: Fault = { _tag: "Lost" }

/**
 * No answer comes, and the connection stays open.
 *
 * @since 0.1.0
 * @category constructors
 */
export const hang: Fault = { _tag: "Hang" }

/**
 * The request is handled after this time on Effect's clock.
 *
 * @since 0.1.0
 * @category constructors
 */
export const delay = (duration: Duration.DurationInput): Fault => ({
  _tag: "Delay",
  duration: Duration.decode(duration)
})

/**
 * The request is handled, and the first half of its answer's body arrives as if it were the whole.
 *
 * @since 0.1.0
 * @category constructors
 */
export const garbled: Fault = { _tag: "Garbled" }
