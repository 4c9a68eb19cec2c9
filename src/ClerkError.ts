/**
 * The tagged errors of the operations, with helpers to catch them, retry them and encode them.
 *
 * **Details**
 *
 * Every error names its `operation` (`"Sessions.get"`), and the `method` and `path` of the request (without the query).
 * Its `message` is one line: what happened, where, and what to do next.
 *
 * No error holds the secret key, a token, a cookie or a refresh parameter. None has the request as its cause.
 *
 * @see https://clerk.com/docs/guides/development/errors/overview
 * @module
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { NoInfer } from "effect/Types"

import * as Message from "./internal/message.js"
import { isRepeatable } from "./internal/operations.js"

/**
 * The property that marks the errors of this module.
 *
 * @since 0.1.0
 * @category symbols
 */
export const TypeId: unique symbol = Symbol.for("effect-clerk/ClerkError")

/**
 * The type of the property that marks the errors of this module.
 *
 * @since 0.1.0
 * @category symbols
 */
export type TypeId = typeof TypeId

const defaultsTo = <S extends Schema.Schema.All>(schema: S, value: () => Schema.Schema.Type<S>) =>
  Schema.propertySignature(schema).pipe(Schema.withConstructorDefault(value))

const Meta = Schema.Record({ key: Schema.String, value: Schema.Unknown })
const OptionalString = defaultsTo(Schema.OptionFromNullOr(Schema.String), () => Option.none())
const OptionalDuration = defaultsTo(Schema.OptionFromNullOr(Schema.DurationFromMillis), () => Option.none())

/**
 * One entry of Clerk's error envelope.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ErrorEntry = Schema.Struct({
  /** A stable identifier for programs, such as `resource_not_found`; empty where Clerk sent none. */
  code: Schema.String,
  /** A short text for developers; empty where Clerk sent none. */
  message: Schema.String,
  /** A longer text, often fit for users. */
  longMessage: OptionalString,
  /** More about this entry; `param_name` is the parameter at fault. */
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
  /** The operation that failed, such as `"Sessions.get"`. */
  operation: Schema.String,
  /** The HTTP method of its request. */
  method: Schema.String,
  /** The path of its request, without the query. */
  path: Schema.String
}

const response = {
  ...request,
  /** Every entry of Clerk's error envelope. */
  errors: defaultsTo(Schema.Array(ErrorEntry), () => []),
  /** The id under which Clerk's support finds the request. */
  traceId: OptionalString
}

const envelope = {
  ...response,
  /** What Clerk says about the error as a whole. */
  meta: defaultsTo(Meta, () => ({}))
}

/**
 * Clerk refused the request with an error envelope, and no other tag stands for its status (400, 403, 409, 422 …).
 *
 * @see https://clerk.com/docs/guides/development/errors/backend-api
 * @since 0.1.0
 * @category errors
 */
export class ClerkErrors extends Schema.TaggedError<ClerkErrors>("effect-clerk/ClerkErrors")("ClerkErrors", {
  ...envelope,
  /** The HTTP status of the response. */
  status: Schema.Int
}) {
  get [TypeId](): TypeId {
    return TypeId
  }
  override get message(): string {
    return Message.of(this, Message.response(this), "change the request before you send it again")
  }
}

/**
 * Clerk did not accept the credentials (401): the secret key or, for `Sessions.refresh`, the given tokens.
 *
 * @see https://clerk.com/docs/guides/development/errors/backend-api
 * @since 0.1.0
 * @category errors
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>("effect-clerk/Unauthorized")(
  "Unauthorized",
  {
    ...envelope,
    /** The HTTP status of the response. */
    status: defaultsTo(Schema.Int, () => 401)
  }
) {
  get [TypeId](): TypeId {
    return TypeId
  }
  override get message(): string {
    return Message.of(
      this,
      Message.response(this),
      this.operation === "Sessions.refresh"
        ? "start the handshake flow"
        : "check that the secret key is complete, not revoked, and of the right instance"
    )
  }
}

/**
 * The session, user or template that the request names does not exist (404).
 *
 * **Details**
 *
 * Only operations that document a 404 fail with this tag.
 *
 * @see https://clerk.com/docs/guides/development/errors/backend-api
 * @since 0.1.0
 * @category errors
 */
export class NotFound extends Schema.TaggedError<NotFound>("effect-clerk/NotFound")("NotFound", {
  ...envelope,
  /** The HTTP status of the response. */
  status: defaultsTo(Schema.Int, () => 404)
}) {
  get [TypeId](): TypeId {
    return TypeId
  }
  override get message(): string {
    return Message.of(
      this,
      Message.response(this),
      this.errors.length > 0
        ? "check the ids and names, and that the secret key belongs to the same instance"
        : "check that the apiUrl setting leads to Clerk's Backend API"
    )
  }
}

/**
 * Too many requests: Clerk refused this one unread (429), or the program's own `ClerkRateLimiter` did not send it.
 *
 * **Details**
 *
 * The limiter's own refusal has one entry in `errors`, with the code `client_rate_limit`.
 *
 * @see https://clerk.com/docs/guides/how-clerk-works/system-limits
 * @since 0.1.0
 * @category errors
 */
export class RateLimited extends Schema.TaggedError<RateLimited>("effect-clerk/RateLimited")("RateLimited", {
  ...envelope,
  /** The HTTP status of the response; 429 where nothing was sent, too. */
  status: defaultsTo(Schema.Int, () => 429),
  /** How long to wait before the next request. */
  retryAfter: OptionalDuration
}) {
  get [TypeId](): TypeId {
    return TypeId
  }
  override get message(): string {
    return Message.of(
      this,
      Message.response(this),
      Message.waiting(this.retryAfter) ?? "send fewer requests, or wait longer between them"
    )
  }
}

/**
 * A response that is neither a success nor one of Clerk's documented errors: a redirect, a 5xx, a 4xx without an error
 * envelope.
 *
 * @since 0.1.0
 * @category errors
 */
export class ApiError extends Schema.TaggedError<ApiError>("effect-clerk/ApiError")("ApiError", {
  ...response,
  /** The HTTP status of the response. */
  status: Schema.Int,
  /** The first 1000 characters of the body, without the secret key and anything that looks like a token. */
  body: defaultsTo(Schema.String, () => ""),
  /** How long the server asked to wait before the next request. */
  retryAfter: OptionalDuration
}) {
  get [TypeId](): TypeId {
    return TypeId
  }
  override get message(): string {
    return Message.of(
      this,
      Message.response(this),
      Message.waiting(this.retryAfter) ?? Message.unexpectedStatus(this.status)
    )
  }
}

/**
 * No complete response came within the time of one attempt or of the whole operation.
 *
 * **Gotchas**
 *
 * The request may have taken effect.
 *
 * @since 0.1.0
 * @category errors
 */
export class Timeout extends Schema.TaggedError<Timeout>("effect-clerk/Timeout")("Timeout", {
  ...request,
  /** The limit that passed. */
  duration: Schema.DurationFromMillis,
  /** Which limit passed: the `timeout` of one attempt, or the `deadline` of the whole operation. */
  limit: defaultsTo(Schema.Literal("timeout", "deadline"), () => "timeout" as const)
}) {
  get [TypeId](): TypeId {
    return TypeId
  }
  override get message(): string {
    return Message.of(
      this,
      `no complete response within the ${this.limit} of ${Duration.format(this.duration)}`,
      isRepeatable(this.operation) ? `try again, or raise the ${this.limit} setting` : Message.unknownOutcome
    )
  }
}

/**
 * No connection could be made, or it broke before the response was complete.
 *
 * @since 0.1.0
 * @category errors
 */
export class TransportError extends Schema.TaggedError<TransportError>("effect-clerk/TransportError")(
  "TransportError",
  {
    ...request,
    /** What the HTTP client said, without secrets. */
    detail: Schema.String,
    /**
     * `connect`: no connection was made. `certificate`: the server's certificate was not accepted. `broken`: the
     * connection broke later, or the HTTP client did not say when.
     */
    reason: defaultsTo(Schema.Literal("connect", "certificate", "broken"), () => "broken" as const)
  }
) {
  get [TypeId](): TypeId {
    return TypeId
  }
  /** Whether the request, or a part of it, may have reached the server. */
  get sent(): boolean {
    return this.reason === "broken"
  }
  override get message(): string {
    if (this.reason !== "broken") {
      return Message.of(this, this.detail, Message.transportHint[this.reason])
    }
    return Message.of(this, this.detail, isRepeatable(this.operation) ? "try again" : Message.unknownOutcome)
  }
}

/**
 * A success (2xx) whose body is not what the API documents.
 *
 * @since 0.1.0
 * @category errors
 */
export class DecodeError extends Schema.TaggedError<DecodeError>("effect-clerk/DecodeError")("DecodeError", {
  ...request,
  /** The path of the first mismatch and what was expected there; never a value of the response. */
  detail: Schema.String
}) {
  get [TypeId](): TypeId {
    return TypeId
  }
  override get message(): string {
    return Message.of(
      this,
      `the response is not what the API documents: ${this.detail}`,
      "check that apiUrl leads to Clerk's Backend API"
    )
  }
}

/**
 * The arguments or settings were refused before anything was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>("effect-clerk/InvalidRequest")(
  "InvalidRequest",
  {
    ...request,
    /** The name of the argument or setting, and what was expected; never a secret. */
    detail: Schema.String
  }
) {
  get [TypeId](): TypeId {
    return TypeId
  }
  override get message(): string {
    return Message.of(this, `nothing was sent: ${this.detail}`)
  }
}

/**
 * The errors that every operation can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type CommonError = RateLimited | ApiError | Timeout | TransportError | DecodeError | InvalidRequest

/**
 * Every error of every operation.
 *
 * @since 0.1.0
 * @category errors
 */
export type ClerkError = ClerkErrors | Unauthorized | NotFound | CommonError

/**
 * Every error of every operation as one schema, to encode and decode them with.
 *
 * @since 0.1.0
 * @category schemas
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

/**
 * Returns whether a value is an error of this module.
 *
 * **Gotchas**
 *
 * The tags `NotFound` and `Unauthorized` are also those of `HttpApiError`. Where both can occur, use this guard.
 *
 * @since 0.1.0
 * @category guards
 */
export const isClerkError = (u: unknown): u is ClerkError => Predicate.hasProperty(u, TypeId)

/**
 * Handles every Clerk error of an effect, and leaves all other errors in its type.
 *
 * **Example** (keep the program's own error)
 *
 * ```ts
 * import { ClerkError, Sessions } from "effect-clerk"
 * import { Data, Effect } from "effect"
 *
 * class NotAllowed extends Data.TaggedError("NotAllowed") {}
 *
 * // Effect<Session, NotAllowed, HttpClient | ClerkConfig>
 * export const revokeOwn = (userId: string, sessionId: string) =>
 *   Sessions.get(sessionId).pipe(
 *     Effect.filterOrFail((session) => session.userId === userId, () => new NotAllowed()),
 *     Effect.zipRight(Sessions.revoke(sessionId)),
 *     ClerkError.catchAll((error) => Effect.dieMessage(error.message))
 *   )
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const catchAll: {
  <E, A2, E2, R2>(
    handler: (error: Extract<NoInfer<E>, ClerkError>) => Effect.Effect<A2, E2, R2>
  ): <A, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A | A2, Exclude<E, ClerkError> | E2, R | R2>
  <A, E, R, A2, E2, R2>(
    self: Effect.Effect<A, E, R>,
    handler: (error: Extract<NoInfer<E>, ClerkError>) => Effect.Effect<A2, E2, R2>
  ): Effect.Effect<A | A2, Exclude<E, ClerkError> | E2, R | R2>
} = dual(
  2,
  <A, E, R, A2, E2, R2>(
    self: Effect.Effect<A, E, R>,
    handler: (error: Extract<E, ClerkError>) => Effect.Effect<A2, E2, R2>
  ) => Effect.catchIf(self, (error): error is Extract<E, ClerkError> => isClerkError(error), handler)
)

/**
 * Returns whether the failed operation can be retried safely, and a retry could help.
 *
 * **Details**
 *
 * | | `create` `refresh` | other operations |
 * |---|---|---|
 * | 429 of Clerk, no connection | yes | yes |
 * | broken connection, timeout, 408, 5xx | no | yes |
 * | certificate error, refusal of the program's own limiter, anything else | no | no |
 *
 * @since 0.1.0
 * @category guards
 */
export const isRetryable = (error: ClerkError): boolean => {
  switch (error._tag) {
    case "RateLimited":
      return error.errors.every(({ code }) => code !== Message.clientRateLimit)
    case "TransportError":
      return error.reason === "connect" || (error.reason === "broken" && isRepeatable(error.operation))
    case "Timeout":
      return isRepeatable(error.operation)
    case "ApiError":
    case "ClerkErrors":
      return (error.status === 408 || error.status >= 500) && isRepeatable(error.operation)
    default:
      return false
  }
}

/**
 * Returns how long the server asked to wait before the next request.
 *
 * @since 0.1.0
 * @category accessors
 */
export const retryAfter = (error: ClerkError): Option.Option<Duration.Duration> =>
  "retryAfter" in error ? error.retryAfter : Option.none()
