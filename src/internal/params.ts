/** The arguments of the operations: their types, what of them is allowed, and how it is spelled on the wire. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

const Text = Schema.String.pipe(
  Schema.filter((text) => text !== "" && !/\p{Surrogate}/u.test(text), {
    identifier: "a string, not empty, of well-formed Unicode"
  })
)

const Secret = Schema.transform(Text, Schema.Union(Schema.RedactedFromSelf(Schema.String), Schema.String), {
  strict: true,
  decode: Redacted.make,
  encode: (secret) => (typeof secret === "string" ? secret : Redacted.value(secret))
})

const Headers = Schema.transform(
  Schema.Record({ key: Schema.String, value: Schema.Array(Schema.String) }),
  Schema.Record({ key: Schema.String, value: Schema.Union(Schema.String, Schema.Array(Schema.String)) }),
  {
    strict: true,
    decode: (headers) => headers,
    encode: (headers) =>
      Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? [value] : value])
      )
  }
)

const ExpiresIn = Schema.transform(
  Schema.Int,
  Schema.declare(
    (input): input is Duration.DurationInput => Option.exists(Duration.decodeUnknown(input), isLifetime),
    {
      identifier: "a duration of 30 to 315360000 whole seconds"
    }
  ),
  { strict: true, decode: (seconds) => Duration.seconds(seconds), encode: Duration.toSeconds }
)

const isLifetime = (duration: Duration.Duration) => {
  const seconds = Duration.toSeconds(duration)
  return Number.isInteger(seconds) && seconds >= 30 && seconds <= 315_360_000
}

/**
 * Whose sessions are listed, and which of them; Clerk wants a client, a user, or both.
 *
 * @since 0.1.0
 * @category models
 */
export type Filters = {
  /** Only sessions in this state; Clerk documents seven to ask for, and others are passed on. */
  readonly status?:
    | "abandoned"
    | "active"
    | "ended"
    | "expired"
    | "removed"
    | "replaced"
    | "revoked"
    | (string & {})
    | undefined
} & (
  | { readonly clientId: string; readonly userId?: string | undefined }
  | { readonly clientId?: string | undefined; readonly userId: string }
)

const filters = {
  clientId: Schema.optional(Text).pipe(Schema.fromKey("client_id")),
  userId: Schema.optional(Text).pipe(Schema.fromKey("user_id")),
  status: Schema.optional(Text)
}

const Offset = Schema.Int.pipe(Schema.nonNegative({ identifier: "a whole number from 0" }))

const PageSize = Schema.Int.pipe(Schema.between(1, 500, { identifier: "a whole number from 1 to 500" }))

/**
 * What `list` and `listPage` take.
 *
 * @since 0.1.0
 * @category models
 */
export type ListParams = Filters & {
  /** Sessions a page, 1 to 500; 10 where not given. */
  readonly limit?: number | undefined
  /** Sessions to skip, from 0; 0 where not given. */
  readonly offset?: number | undefined
}

export const List = Schema.Struct({
  ...filters,
  limit: Schema.optional(PageSize),
  offset: Schema.optional(Offset)
})

/**
 * What `stream` takes.
 *
 * @since 0.1.0
 * @category models
 */
export type StreamParams = Filters & {
  /** Sessions a page, 1 to 500; 100 where not given. */
  readonly pageSize?: number | undefined
}

export const Stream = Schema.Struct({
  ...filters,
  pageSize: Schema.optional(PageSize).pipe(Schema.fromKey("limit"))
})

/**
 * What `create` takes.
 *
 * @since 0.1.0
 * @category models
 */
export interface CreateParams {
  readonly userId: string
  /** The organization that is active in the session. */
  readonly activeOrganizationId?: string | undefined
}

export const Create = Schema.Struct({
  userId: Schema.propertySignature(Text).pipe(Schema.fromKey("user_id")),
  activeOrganizationId: Schema.optional(Text).pipe(Schema.fromKey("active_organization_id"))
})

/**
 * What `refresh` takes.
 *
 * @since 0.1.0
 * @category models
 */
export interface RefreshParams {
  /** The session token of the `__session` cookie, which must belong to this session. */
  readonly expiredToken: Redacted.Redacted | string
  /** The value of the `__refresh` cookie, which the handshake flow sets. */
  readonly refreshToken: Redacted.Redacted | string
  /** The origin of the request that brought the tokens, such as `https://example.com`. */
  readonly requestOrigin: string
  /** The headers of that request. */
  readonly requestHeaders?: { readonly [name: string]: string | ReadonlyArray<string> } | undefined
  /** The address that request came from. */
  readonly requestOriginatingIp?: string | undefined
  /** What to answer with; a token where not given. */
  readonly format?: "token" | "cookie" | undefined
  /** Whether cookies are named with the suffix of the instance. */
  readonly suffixedCookies?: boolean | undefined
}

export const RefreshQuery = Schema.Struct({
  suffixedCookies: Schema.optional(Schema.Boolean).pipe(Schema.fromKey("suffixed_cookies"))
})

export const Refresh = Schema.Struct({
  expiredToken: Schema.propertySignature(Secret).pipe(Schema.fromKey("expired_token")),
  refreshToken: Schema.propertySignature(Secret).pipe(Schema.fromKey("refresh_token")),
  requestOrigin: Schema.propertySignature(Text).pipe(Schema.fromKey("request_origin")),
  requestHeaders: Schema.optional(Headers).pipe(Schema.fromKey("request_headers")),
  requestOriginatingIp: Schema.optional(Text).pipe(Schema.fromKey("request_originating_ip")),
  format: Schema.optional(Schema.Literal("token", "cookie"))
})

/**
 * What `createToken` and `createTokenFromTemplate` take.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenParams {
  /** The lifetime of the token in whole seconds, 30 to 315,360,000. */
  readonly expiresIn?: Duration.DurationInput | undefined
}

export const Token = Schema.Struct({
  expiresIn: Schema.optional(ExpiresIn).pipe(Schema.fromKey("expires_in_seconds"))
})
