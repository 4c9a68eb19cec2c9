/** The arguments of the operations as schemas: what is allowed, and how it is spelled on the wire. */
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

const filters = {
  clientId: Schema.optional(Text).pipe(Schema.fromKey("client_id")),
  userId: Schema.optional(Text).pipe(Schema.fromKey("user_id")),
  status: Schema.optional(Text)
}

const Offset = Schema.Int.pipe(Schema.nonNegative({ identifier: "a whole number from 0" }))

const PageSize = Schema.Int.pipe(Schema.between(1, 500, { identifier: "a whole number from 1 to 500" }))

export const List = Schema.Struct({
  ...filters,
  limit: Schema.optional(PageSize),
  offset: Schema.optional(Offset)
})

export const Stream = Schema.Struct({
  ...filters,
  pageSize: Schema.optional(PageSize).pipe(Schema.fromKey("limit"))
})

export const Create = Schema.Struct({
  userId: Schema.propertySignature(Text).pipe(Schema.fromKey("user_id")),
  activeOrganizationId: Schema.optional(Text).pipe(Schema.fromKey("active_organization_id"))
})

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

export const Token = Schema.Struct({
  expiresIn: Schema.optional(ExpiresIn).pipe(Schema.fromKey("expires_in_seconds"))
})
