/**
 * Makers of Clerk's errors, for the mocks of `ClerkTest.layerMock`.
 *
 * **Details**
 *
 * Every maker works without arguments. A mock needs no `operation`, `method` or `path`: the error that the program gets
 * names those of the real operation.
 *
 * **Example** (A mock that fails)
 *
 * ```ts
 * import { ClerkTest } from "effect-clerk/testing"
 *
 * export const ClerkMock = ClerkTest.layerMock({
 *   get: () => ClerkTest.Failure.notFound(),
 *   revoke: () => ClerkTest.Failure.rateLimited({ retryAfter: "30 seconds" })
 * })
 * ```
 *
 * @module
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

import * as ClerkError from "../ClerkError.js"
import { entries } from "./internal/entries.js"

/**
 * What an error with Clerk's envelope holds.
 *
 * @since 0.1.0
 * @category models
 */
export interface EnvelopeOptions {
  /** The entries of the envelope; one that fits the status by default. */
  readonly errors?: ReadonlyArray<ClerkError.ErrorEntry> | undefined
  /** The trace id; none by default. */
  readonly traceId?: string | undefined
  /** The `meta` of the envelope; empty by default. */
  readonly meta?: Readonly<Record<string, unknown>> | undefined
}

/** The real client replaces these. */
const request = { operation: "ClerkTest.layerMock", method: "GET", path: "/v1" }

const envelope = ({ errors, meta = {}, traceId }: EnvelopeOptions, code: string) => ({
  ...request,
  errors: errors ?? entries(code),
  traceId: Option.fromNullable(traceId),
  meta
})

const retryAfterOf = (duration: Duration.DurationInput | undefined) =>
  Option.map(Option.fromNullable(duration), Duration.decode)

/**
 * Makes a `ClerkErrors`: a 4xx with an envelope, 422 by default.
 *
 * @since 0.1.0
 * @category constructors
 */
export const clerkErrors = ({
  status = 422,
  ...options
}: EnvelopeOptions & { readonly status?: number | undefined } = {}): ClerkError.ClerkErrors =>
  new ClerkError.ClerkErrors({ ...envelope(options, "form_param_format_invalid"), status })

/**
 * Makes an `Unauthorized` (401).
 *
 * @since 0.1.0
 * @category constructors
 */
export const unauthorized = (options: EnvelopeOptions = {}): ClerkError.Unauthorized =>
  new ClerkError.Unauthorized(envelope(options, "authentication_invalid"))

/**
 * Makes a `NotFound` (404).
 *
 * @since 0.1.0
 * @category constructors
 */
export const notFound = (options: EnvelopeOptions = {}): ClerkError.NotFound =>
  new ClerkError.NotFound(envelope(options, "resource_not_found"))

/**
 * Makes a `RateLimited` (429).
 *
 * @since 0.1.0
 * @category constructors
 */
export const rateLimited = ({
  retryAfter,
  ...options
}: EnvelopeOptions & {
  readonly retryAfter?: Duration.DurationInput | undefined
} = {}): ClerkError.RateLimited =>
  new ClerkError.RateLimited({
    ...envelope(options, "too_many_requests"),
    retryAfter: retryAfterOf(retryAfter)
  })

/**
 * Makes an `ApiError`: a response without a documented meaning, 500 by default.
 *
 * @since 0.1.0
 * @category constructors
 */
export const apiError = ({
  body = "",
  errors = [],
  retryAfter,
  status = 500,
  traceId
}: {
  readonly status?: number | undefined
  readonly body?: string | undefined
  readonly errors?: ReadonlyArray<ClerkError.ErrorEntry> | undefined
  readonly traceId?: string | undefined
  readonly retryAfter?: Duration.DurationInput | undefined
} = {}): ClerkError.ApiError =>
  new ClerkError.ApiError({
    ...request,
    status,
    body,
    errors,
    traceId: Option.fromNullable(traceId),
    retryAfter: retryAfterOf(retryAfter)
  })

/**
 * Makes a `Timeout`.
 *
 * **Gotchas**
 *
 * The mock then never responds, so the timeout of the client has to pass: move a `TestClock` on, or set a short
 * `config.timeout`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const timeout = ({
  duration = "10 seconds"
}: { readonly duration?: Duration.DurationInput | undefined } = {}): ClerkError.Timeout =>
  new ClerkError.Timeout({ ...request, duration: Duration.decode(duration) })

/**
 * Makes a `TransportError`: by default the connection breaks after the request was sent.
 *
 * @since 0.1.0
 * @category constructors
 */
export const transportError = ({
  reason = "broken",
  detail = `no response: ${transportDetails[reason]}`
}: {
  readonly reason?: ClerkError.TransportError["reason"] | undefined
  readonly detail?: string | undefined
} = {}): ClerkError.TransportError => new ClerkError.TransportError({ ...request, reason, detail })

const transportDetails = {
  connect: "ECONNREFUSED: connect ECONNREFUSED",
  certificate: "CERT_HAS_EXPIRED: certificate has expired",
  broken: "ECONNRESET: other side closed"
}

/**
 * Makes a `DecodeError`: a success whose body is not documented. Its `detail` comes from the client.
 *
 * @since 0.1.0
 * @category constructors
 */
export const decodeError = (): ClerkError.DecodeError =>
  new ClerkError.DecodeError({ ...request, detail: "an empty object" })
