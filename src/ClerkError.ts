/**
 * The ways in which an operation can fail, each a tagged error that can be caught, logged and encoded.
 *
 * Details: every error names its `operation` (`"Sessions.get"`), the `method` and the `path` of the request
 * (without the query), and words itself in a `message` of one line. No error holds the secret key, a token, a
 * cookie or a refresh parameter, and none carries the request as its cause.
 *
 * @see https://clerk.com/docs/guides/development/errors/overview
 * @module
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const defaultsTo = <S extends Schema.Schema.All>(schema: S, value: () => Schema.Schema.Type<S>) =>
  Schema.propertySignature(schema).pipe(Schema.withConstructorDefault(value))

const Meta = Schema.Record({ key: Schema.String, value: Schema.Unknown })
const OptionalString = defaultsTo(Schema.OptionFromNullOr(Schema.String), () => Option.none())
const OptionalDuration = defaultsTo(Schema.OptionFromNullOr(Schema.DurationFromMillis), () => Option.none())

/**
 * One entry of Clerk's error envelope.
 *
 * Details: `code` is for programs, `message` for developers, `longMessage` often fit for people; `meta` names, for
 * example, the parameter at fault (`param_name`). A `code` or `message` that Clerk left out is an empty string.
 *
 * @since 0.1.0
 * @category models
 */
export const ErrorEntry = Schema.Struct({
  code: Schema.String,
  message: Schema.String,
  longMessage: OptionalString,
  meta: defaultsTo(Meta, () => ({}))
})

/**
 * One entry of Clerk's error envelope.
 *
 * @since 0.1.0
 * @category models
 */
export interface ErrorEntry extends Schema.Schema.Type<typeof ErrorEntry> {}

const request = {
  operation: Schema.String,
  method: Schema.String,
  path: Schema.String
}

const answer = {
  ...request,
  errors: defaultsTo(Schema.Array(ErrorEntry), () => []),
  traceId: OptionalString
}

const refusal = {
  ...answer,
  meta: defaultsTo(Meta, () => ({}))
}

/**
 * Clerk refused the request with an error envelope that no more special tag stands for (400, 403, 409, 422 …).
 *
 * @see https://clerk.com/docs/guides/development/errors/backend-api
 * @since 0.1.0
 * @category errors
 */
export class ClerkErrors extends Schema.TaggedError<ClerkErrors>("effect-clerk/ClerkErrors")("ClerkErrors", {
  ...refusal,
  status: Schema.Int
}) {
  override get message(): string {
    return line(this, answered(this))
  }
}

/**
 * Clerk did not accept the credentials (401): the secret key, or, for `Sessions.refresh`, the tokens given to it.
 *
 * @see https://clerk.com/docs/guides/development/errors/backend-api
 * @since 0.1.0
 * @category errors
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>("effect-clerk/Unauthorized")(
  "Unauthorized",
  {
    ...refusal,
    status: defaultsTo(Schema.Int, () => 401)
  }
) {
  override get message(): string {
    return line(
      this,
      answered(this),
      this.operation === "Sessions.refresh"
        ? "fall back to the handshake flow"
        : "check that the secret key is complete, not revoked, and of the right instance"
    )
  }
}

/**
 * What the request names does not exist (404), for operations that document this answer.
 *
 * @see https://clerk.com/docs/guides/development/errors/backend-api
 * @since 0.1.0
 * @category errors
 */
export class NotFound extends Schema.TaggedError<NotFound>("effect-clerk/NotFound")("NotFound", {
  ...refusal,
  status: defaultsTo(Schema.Int, () => 404)
}) {
  override get message(): string {
    return line(this, answered(this))
  }
}

/**
 * Clerk refused the request unread because too many came before it (429).
 *
 * Details: `retryAfter` is how long Clerk asks to wait before the next request, where it said so.
 *
 * @see https://clerk.com/docs/guides/how-clerk-works/system-limits
 * @since 0.1.0
 * @category errors
 */
export class RateLimited extends Schema.TaggedError<RateLimited>("effect-clerk/RateLimited")("RateLimited", {
  ...refusal,
  status: defaultsTo(Schema.Int, () => 429),
  retryAfter: OptionalDuration
}) {
  override get message(): string {
    return line(
      this,
      answered(this),
      waiting(this.retryAfter) ?? "send fewer requests, or wait longer between them"
    )
  }
}

/**
 * An answer that is neither a success nor one of Clerk's documented refusals: a redirect, a 5xx, a 4xx without an
 * error envelope.
 *
 * Details: `body` holds its first 1000 characters, with the secret key and everything that looks like a token
 * blotted out. `errors` and `retryAfter` are filled where the answer has them.
 *
 * @since 0.1.0
 * @category errors
 */
export class ApiError extends Schema.TaggedError<ApiError>("effect-clerk/ApiError")("ApiError", {
  ...answer,
  status: Schema.Int,
  body: defaultsTo(Schema.String, () => ""),
  retryAfter: OptionalDuration
}) {
  override get message(): string {
    return line(
      this,
      answered(this),
      this.status >= 300 && this.status < 400 ? redirectHint : waiting(this.retryAfter)
    )
  }
}

/**
 * No complete answer, headers and body, came within the time of one attempt.
 *
 * Gotchas: the request may have taken effect all the same.
 *
 * @since 0.1.0
 * @category errors
 */
export class Timeout extends Schema.TaggedError<Timeout>("effect-clerk/Timeout")("Timeout", {
  ...request,
  duration: Schema.DurationFromMillis
}) {
  override get message(): string {
    return line(this, `no complete answer within ${Duration.format(this.duration)}`)
  }
}

/**
 * The connection could not be made, or broke before the answer was complete.
 *
 * Gotchas: unless the connection was never made, the request may have taken effect all the same.
 *
 * @since 0.1.0
 * @category errors
 */
export class TransportError extends Schema.TaggedError<TransportError>("effect-clerk/TransportError")(
  "TransportError",
  { ...request, detail: Schema.String }
) {
  override get message(): string {
    return line(this, this.detail)
  }
}

/**
 * A success whose body is not what the API documents.
 *
 * Details: `detail` is the path of the first mismatch and what was expected there; values are never quoted.
 *
 * @since 0.1.0
 * @category errors
 */
export class DecodeError extends Schema.TaggedError<DecodeError>("effect-clerk/DecodeError")("DecodeError", {
  ...request,
  detail: Schema.String
}) {
  override get message(): string {
    return line(this, `the answer is not what the API documents: ${this.detail}`)
  }
}

/**
 * The arguments were refused before anything was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>("effect-clerk/InvalidRequest")(
  "InvalidRequest",
  { ...request, detail: Schema.String }
) {
  override get message(): string {
    return line(this, `nothing was sent: ${this.detail}`)
  }
}

/**
 * The failures that every operation shares.
 *
 * @since 0.1.0
 * @category models
 */
export type CommonError = RateLimited | ApiError | Timeout | TransportError | DecodeError | InvalidRequest

/**
 * Every failure of every operation.
 *
 * @since 0.1.0
 * @category models
 */
export type ClerkError = ClerkErrors | Unauthorized | NotFound | CommonError

/**
 * Every failure of every operation, as one schema to encode, log or send them with.
 *
 * @since 0.1.0
 * @category models
 */
export const ClerkError = Schema.Union(
  ClerkErrors,
  Unauthorized,
  NotFound,
  RateLimited,
  ApiError,
  Timeout,
  TransportError,
  DecodeError,
  InvalidRequest
)

/** These may run twice without harm, so that they can be repeated even when the first answer was lost. */
const repeatable: ReadonlySet<string> = new Set([
  "Sessions.list",
  "Sessions.listPage",
  "Sessions.stream",
  "Sessions.get",
  "Sessions.revoke",
  "Sessions.createToken",
  "Sessions.createTokenFromTemplate"
])

/**
 * Whether the operation that failed can be repeated safely, and a repetition could help.
 *
 * Details: a 429 always (Clerk refused it unread); no connection, a timeout, a 408 or a 5xx unless the operation is
 * `Sessions.create` or `Sessions.refresh`, which must not run twice; anything else never.
 *
 * @since 0.1.0
 * @category guards
 */
export const isRetryable = (error: ClerkError): boolean => {
  switch (error._tag) {
    case "RateLimited":
      return true
    case "TransportError":
    case "Timeout":
      return repeatable.has(error.operation)
    case "ApiError":
    case "ClerkErrors":
      return (error.status === 408 || error.status >= 500) && repeatable.has(error.operation)
    default:
      return false
  }
}

/**
 * How long the server asked to wait before the next request, where it did.
 *
 * @since 0.1.0
 * @category getters
 */
export const retryAfter = (error: ClerkError): Option.Option<Duration.Duration> =>
  "retryAfter" in error ? error.retryAfter : Option.none()

const redirectHint = "redirects are not followed; check the apiUrl setting"

const waiting = Option.match({
  onNone: () => undefined,
  onSome: (delay: Duration.Duration) => `retry after ${Duration.format(delay)}`
})

interface Answered {
  readonly status: number
  readonly errors: ReadonlyArray<ErrorEntry>
  readonly traceId: Option.Option<string>
}

const answered = ({ errors, status, traceId }: Answered): string => {
  const [first, ...others] = errors
  return [
    status,
    first?.code,
    first?.message,
    others.length > 0 ? `(+${others.length} more)` : undefined,
    Option.isSome(traceId) ? `[trace ${traceId.value}]` : undefined
  ]
    .filter(Boolean)
    .join(" ")
}

const line = (
  { method, operation, path }: { readonly operation: string; readonly method: string; readonly path: string },
  what: string,
  hint?: string
): string =>
  `${operation} (${method} ${path}): ${what}${hint === undefined ? "" : `; ${hint}`}`.replaceAll(/\s+/g, " ")
