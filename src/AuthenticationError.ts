/**
 * Errors of `SessionVerifier` and `Authentication`: why a request is not signed in, or cannot be judged now.
 *
 * **Details**
 *
 * Every error is a `Schema.TaggedError` that carries its HTTP status as `HttpApi` reads it: 401, or 503 for
 * `KeysUnavailable`. `message` is one line. No error holds a header, a token or a key; of a key id it quotes at most 64
 * characters.
 *
 * @module
 * @since 0.1.0
 */
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"

import { SessionId, UserId } from "./Session.js"

const NoDuration = Schema.propertySignature(Schema.DurationFromMillis).pipe(
  Schema.withConstructorDefault(() => Duration.zero)
)

/**
 * The request carries no session token.
 *
 * **Details**
 *
 * It has neither an `Authorization: Bearer` header nor a session cookie. The user is signed out, or the frontend does
 * not send the token.
 *
 * @since 0.1.0
 * @category errors
 */
export class TokenMissing extends Schema.TaggedError<TokenMissing>("effect-clerk/TokenMissing")(
  "TokenMissing",
  {},
  HttpApiSchema.annotations({ status: 401 })
) {
  override get message(): string {
    return "The request has no session token; send it as Authorization: Bearer, or as the __session cookie"
  }
}

/**
 * The session token has expired.
 *
 * **Details**
 *
 * Its signature and all other claims hold, so `sessionId` can be trusted: `Sessions.refresh` takes it.
 *
 * @see https://clerk.com/docs/guides/sessions/session-tokens
 * @since 0.1.0
 * @category errors
 */
export class TokenExpired extends Schema.TaggedError<TokenExpired>("effect-clerk/TokenExpired")(
  "TokenExpired",
  {
    /** The session of the token (`sid`). */
    sessionId: SessionId,
    /** The time until which the token was valid (`exp`), without the clock skew. */
    expiredAt: Schema.DateTimeUtc,
    /** How long ago that was, by the clock of the verifier. */
    ago: NoDuration
  },
  HttpApiSchema.annotations({ status: 401 })
) {
  override get message(): string {
    const ago = isZero(this.ago) ? "" : ` ${Duration.format(this.ago)} ago,`
    return `The session token expired${ago} at ${DateTime.formatIso(this.expiredAt)}; get a new one and repeat the request`
  }
}

/**
 * The session token is not valid yet: one of its times lies in the future.
 *
 * **Details**
 *
 * Clerk's tokens are valid from the moment they are issued, so one of the two clocks is wrong.
 *
 * @since 0.1.0
 * @category errors
 */
export class TokenNotYetValid extends Schema.TaggedError<TokenNotYetValid>("effect-clerk/TokenNotYetValid")(
  "TokenNotYetValid",
  {
    /** The claim whose time lies in the future. */
    claim: Schema.Literal("nbf", "iat"),
    /** The time of that claim, without the clock skew. */
    validFrom: Schema.DateTimeUtc,
    /** How far that is ahead of the verifier's clock. */
    ahead: NoDuration
  },
  HttpApiSchema.annotations({ status: 401 })
) {
  override get message(): string {
    const ahead = isZero(this.ahead) ? "" : `, ${Duration.format(this.ahead)} ahead of this clock`
    return `The session token is not valid yet: its ${this.claim} is ${DateTime.formatIso(this.validFrom)}${ahead}; check the clock of this machine`
  }
}

/**
 * The part of a token that made the verifier refuse it.
 *
 * **Details**
 *
 * - `shape`: it is not three parts of base64url with a JSON header, or its header makes demands (`crit`).
 * - `algorithm`: it is not signed by RS256.
 * - `signature`: the signature does not hold.
 * - `unknownKey`: no key of the instance has the id that the header names.
 * - `kind`: it is a token of another kind: of a JWT template, of a machine, of OAuth.
 * - `party`: `azp` is missing or is none of `authorizedParties`.
 * - `issuer`: `iss` is not the expected issuer.
 * - `audience`: `aud` is missing or names none of the expected audiences.
 * - `claims`: a claim is missing, or is not of its type.
 *
 * @since 0.1.0
 * @category models
 */
export type RejectionReason = typeof RejectionReason.Type

/**
 * The part of a token that made the verifier refuse it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const RejectionReason = Schema.Literal(
  "shape",
  "algorithm",
  "signature",
  "unknownKey",
  "kind",
  "party",
  "issuer",
  "audience",
  "claims"
)

/**
 * The token is not a session token of this instance for this application.
 *
 * **Details**
 *
 * `reason` is for programs. `detail` says what was found and what to do, without quoting the token.
 *
 * @since 0.1.0
 * @category errors
 */
export class TokenRejected extends Schema.TaggedError<TokenRejected>("effect-clerk/TokenRejected")(
  "TokenRejected",
  {
    /** The part of the token that is at fault. */
    reason: RejectionReason,
    /** What was found, and what to do next. */
    detail: Schema.String
  },
  HttpApiSchema.annotations({ status: 401 })
) {
  override get message(): string {
    return `The session token was rejected (${this.reason}): ${this.detail}`
  }
}

/**
 * The session is pending: its user has tasks to complete before it becomes active.
 *
 * **Details**
 *
 * The token is valid otherwise. The option `acceptPending` accepts such sessions.
 *
 * @see https://clerk.com/docs/guides/development/custom-flows/authentication/session-tasks
 * @since 0.1.0
 * @category errors
 */
export class SessionPending extends Schema.TaggedError<SessionPending>("effect-clerk/SessionPending")(
  "SessionPending",
  {
    /** The session of the token (`sid`). */
    sessionId: SessionId,
    /** The user of the session (`sub`). */
    userId: UserId
  },
  HttpApiSchema.annotations({ status: 401 })
) {
  override get message(): string {
    return `The session ${this.sessionId.slice(0, 64)} is pending; let the user complete its tasks`
  }
}

/**
 * The keys of the instance could not be loaded, so that no token can be judged now (503).
 *
 * **Details**
 *
 * The request may well be signed in: answer 503, never 401. `detail` holds the message of the failed request to Clerk,
 * which also tells a secret key that Clerk refuses.
 *
 * @since 0.1.0
 * @category errors
 */
export class KeysUnavailable extends Schema.TaggedError<KeysUnavailable>("effect-clerk/KeysUnavailable")(
  "KeysUnavailable",
  {
    /** Why the keys could not be loaded. */
    detail: Schema.String
  },
  HttpApiSchema.annotations({ status: 503 })
) {
  override get message(): string {
    return `The keys of the Clerk instance are not available: ${this.detail}`
  }
}

/**
 * Every reason for which a token is not accepted.
 *
 * @since 0.1.0
 * @category models
 */
export type VerificationError =
  | TokenExpired
  | TokenNotYetValid
  | TokenRejected
  | SessionPending
  | KeysUnavailable

/**
 * Every reason for which a request is not authenticated.
 *
 * @since 0.1.0
 * @category models
 */
export type AuthenticationError = TokenMissing | VerificationError

/**
 * Every reason for which a request is not authenticated, as one schema: the failure of an `HttpApi` or of an RPC.
 *
 * @since 0.1.0
 * @category schemas
 */
export const AuthenticationError = Schema.Union(
  TokenMissing,
  TokenExpired,
  TokenNotYetValid,
  TokenRejected,
  SessionPending,
  KeysUnavailable
)

const isZero = (duration: Duration.Duration): boolean => Duration.equals(duration, Duration.zero)
