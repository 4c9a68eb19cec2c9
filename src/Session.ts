/**
 * The models of the Sessions API: sessions, their latest activity, and the tokens minted for them.
 *
 * **Details**
 *
 * Every model is plain data in camelCase. Its `Schema` encodes to Clerk's JSON in snake_case, and decodes from it.
 * Timestamps are epoch milliseconds on the wire and `DateTime.Utc` here. A value that Clerk may omit or send as `null` is
 * an `Option`. Unknown fields are ignored.
 *
 * @see https://clerk.com/docs/reference/backend-api/tag/sessions
 * @module
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

const nullable = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.optionalWith(schema, { as: "Option", nullable: true, onNoneEncoding: () => Option.some(null) })

const optional = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.optionalWith(schema, { as: "Option", nullable: true })

/** JavaScript's dates end here, in milliseconds on either side of the epoch. */
const maxDate = 8.64e15

// Smaller in a bundle than `Schema.DateTimeUtcFromNumber`, which takes more than numbers.
const Timestamp = Schema.transformOrFail(Schema.Int, Schema.DateTimeUtcFromSelf, {
  strict: true,
  decode: (millis, _, ast) =>
    Math.abs(millis) <= maxDate
      ? ParseResult.succeed(DateTime.unsafeFromDate(new Date(millis)))
      : ParseResult.fail(new ParseResult.Type(ast, millis)),
  encode: ({ epochMillis }) => ParseResult.succeed(epochMillis)
}).annotations({ identifier: "Timestamp", description: "a timestamp in epoch milliseconds" })

/**
 * The id of a session, such as `sess_2x…`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SessionId = Schema.NonEmptyString.pipe(Schema.brand("SessionId"))

/**
 * The id of a session, such as `sess_2x…`.
 *
 * @since 0.1.0
 * @category models
 */
export type SessionId = typeof SessionId.Type

/**
 * The id of a user, such as `user_2x…`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const UserId = Schema.NonEmptyString.pipe(Schema.brand("UserId"))

/**
 * The id of a user, such as `user_2x…`.
 *
 * @since 0.1.0
 * @category models
 */
export type UserId = typeof UserId.Type

/**
 * The id of a client: a device or browser that holds sessions, such as `client_2x…`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ClientId = Schema.NonEmptyString.pipe(Schema.brand("ClientId"))

/**
 * The id of a client: a device or browser that holds sessions, such as `client_2x…`.
 *
 * @since 0.1.0
 * @category models
 */
export type ClientId = typeof ClientId.Type

/**
 * The id of an organization, such as `org_2x…`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const OrganizationId = Schema.NonEmptyString.pipe(Schema.brand("OrganizationId"))

/**
 * The id of an organization, such as `org_2x…`.
 *
 * @since 0.1.0
 * @category models
 */
export type OrganizationId = typeof OrganizationId.Type

const knownStatuses = [
  "active",
  "revoked",
  "ended",
  "expired",
  "removed",
  "abandoned",
  "replaced",
  "pending"
] as const

/**
 * The state of a session: one of the eight that Clerk documents, or one that it adds later.
 *
 * @since 0.1.0
 * @category models
 */
export type SessionStatus = (typeof knownStatuses)[number] | (string & {})

/**
 * The state of a session: one of the eight that Clerk documents, or one that it adds later.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SessionStatus: Schema.Schema<SessionStatus> = Schema.declare(
  (input): input is SessionStatus => typeof input === "string",
  {
    identifier: "SessionStatus",
    description: "a session status",
    arbitrary: () => (fc) => fc.oneof(fc.constantFrom(...knownStatuses), fc.string())
  }
)

/**
 * The user who impersonates another: a JSON object whose `sub` is the id of the impersonating user.
 *
 * @see https://clerk.com/docs/guides/users/impersonation
 * @since 0.1.0
 * @category schemas
 */
export const Actor: Schema.Schema<{ readonly [key: string]: unknown }> = Schema.declare(
  (input): input is { readonly [key: string]: unknown } => Predicate.isRecord(input),
  {
    identifier: "Actor",
    description: "a JSON object",
    arbitrary: () => (fc) => fc.dictionary(fc.string(), fc.jsonValue()),
    equivalence: () => (self, that) => self === that || JSON.stringify(self) === JSON.stringify(that)
  }
)

/**
 * The device, browser and place of a session's latest request, as Clerk derived them from its headers and IP address.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionActivity extends Schema.Schema.Type<typeof SessionActivity> {}

const activityFields = {
  /** The id of this record, such as `sess_activity_2x…`. */
  id: Schema.String,
  /** The kind of device, such as `"Macintosh"`. */
  deviceType: optional(Schema.String).pipe(Schema.fromKey("device_type")),
  /** Whether the device is a mobile one. */
  isMobile: Schema.propertySignature(Schema.Boolean).pipe(Schema.fromKey("is_mobile")),
  /** The name of the browser, such as `"Chrome"`. */
  browserName: optional(Schema.String).pipe(Schema.fromKey("browser_name")),
  /** The version of the browser. */
  browserVersion: optional(Schema.String).pipe(Schema.fromKey("browser_version")),
  /** The IP address of the request. */
  ipAddress: optional(Schema.String).pipe(Schema.fromKey("ip_address")),
  /** The city that the IP address points to. */
  city: optional(Schema.String),
  /** The country that the IP address points to. */
  country: optional(Schema.String)
}

/**
 * The device, browser and place of a session's latest request, as Clerk derived them from its headers and IP address.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SessionActivity = Schema.transform(
  Schema.Struct({ object: Schema.optional(Schema.Unknown), ...activityFields }),
  Schema.typeSchema(Schema.Struct(activityFields)),
  { strict: true, decode: identity, encode: (activity) => ({ object: "session_activity", ...activity }) }
).annotations({ identifier: "SessionActivity" })

/**
 * A step that the user must complete before a `pending` session becomes active.
 *
 * @see https://clerk.com/docs/guides/development/custom-flows/authentication/session-tasks
 * @since 0.1.0
 * @category models
 */
export interface SessionTask extends Schema.Schema.Type<typeof SessionTask> {}

/**
 * A step that the user must complete before a `pending` session becomes active.
 *
 * @see https://clerk.com/docs/guides/development/custom-flows/authentication/session-tasks
 * @since 0.1.0
 * @category schemas
 */
export const SessionTask = Schema.Struct({
  /** The kind of step, such as `"choose-organization"`. */
  key: Schema.String
}).annotations({ identifier: "SessionTask" })

const sessionFields = {
  /** The id of the session. */
  id: SessionId,
  /** The user who is signed in. */
  userId: Schema.propertySignature(UserId).pipe(Schema.fromKey("user_id")),
  /** The device or browser that holds the session. */
  clientId: Schema.propertySignature(ClientId).pipe(Schema.fromKey("client_id")),
  /** The user who impersonates the session's user. */
  actor: nullable(Actor),
  /** The state of the session. Only an `active` one counts as signed in. */
  status: SessionStatus,
  /** The organization that was last active in the session. */
  lastActiveOrganizationId: nullable(OrganizationId).pipe(Schema.fromKey("last_active_organization_id")),
  /** The time of the latest activity. Clerk updates it about once a minute. */
  lastActiveAt: Schema.propertySignature(Timestamp).pipe(Schema.fromKey("last_active_at")),
  /** The device, browser and place of the latest activity. */
  latestActivity: nullable(SessionActivity).pipe(Schema.fromKey("latest_activity")),
  /** The time at which the session ends, however active it is: its maximum lifetime. */
  expireAt: Schema.propertySignature(Timestamp).pipe(Schema.fromKey("expire_at")),
  /** The time at which the session ends if there is no activity until then: its inactivity timeout. */
  abandonAt: Schema.propertySignature(Timestamp).pipe(Schema.fromKey("abandon_at")),
  /** The time at which Clerk last changed the record of the session, for whatever reason. */
  updatedAt: Schema.propertySignature(Timestamp).pipe(Schema.fromKey("updated_at")),
  /** The time of the sign-in. */
  createdAt: Schema.propertySignature(Timestamp).pipe(Schema.fromKey("created_at")),
  /** The steps that the user must complete before a `pending` session becomes active. */
  tasks: Schema.optionalWith(Schema.Array(SessionTask), { default: () => [], nullable: true })
}

/**
 * A session: the time from a user's sign-in on one client until it ends, expires or is revoked.
 *
 * @see https://clerk.com/docs/reference/backend/types/backend-session
 * @since 0.1.0
 * @category models
 */
export interface Session extends Schema.Schema.Type<typeof Session> {}

/**
 * A session: the time from a user's sign-in on one client until it ends, expires or is revoked.
 *
 * @see https://clerk.com/docs/reference/backend/types/backend-session
 * @since 0.1.0
 * @category schemas
 */
export const Session = Schema.transform(
  Schema.Struct({ object: Schema.Literal("session"), ...sessionFields }),
  Schema.typeSchema(Schema.Struct(sessionFields)),
  { strict: true, decode: identity, encode: (session) => ({ object: "session" as const, ...session }) }
).annotations({ identifier: "Session" })

/**
 * One page of sessions, and the number of sessions on all pages where Clerk sent it.
 *
 * **Details**
 *
 * Decodes from both forms of Clerk's lists: a bare array, and an object with `data` and `total_count`.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionPage extends Schema.Schema.Type<typeof SessionPage> {}

const Page = Schema.Struct({
  /** The sessions of this page, the newest first. */
  data: Schema.Array(Session),
  /** The number of sessions on all pages. */
  totalCount: optional(Schema.NonNegativeInt).pipe(Schema.fromKey("total_count"))
})

/**
 * One page of sessions, and the number of sessions on all pages where Clerk sent it.
 *
 * **Details**
 *
 * Decodes from both forms of Clerk's lists: a bare array, and an object with `data` and `total_count`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SessionPage = Schema.transform(
  Schema.Union(Page, Schema.Array(Session)),
  Schema.typeSchema(Page),
  {
    strict: true,
    decode: (page) => ("data" in page ? page : { data: page, totalCount: Option.none() }),
    encode: identity
  }
).annotations({ identifier: "SessionPage" })

const tokenFields = {
  /** The token. `Redacted.value` reads it. */
  jwt: Schema.Redacted(Schema.NonEmptyString)
}

/**
 * A JSON Web Token of a session. It is `Redacted`: anyone who has it can act as the user.
 *
 * @see https://clerk.com/docs/guides/sessions/session-tokens
 * @since 0.1.0
 * @category models
 */
export interface SessionToken extends Schema.Schema.Type<typeof SessionToken> {}

/**
 * A JSON Web Token of a session. It is `Redacted`: anyone who has it can act as the user.
 *
 * @see https://clerk.com/docs/guides/sessions/session-tokens
 * @since 0.1.0
 * @category schemas
 */
export const SessionToken = Schema.transform(
  Schema.Struct({ object: Schema.optional(Schema.Literal("token")), ...tokenFields }),
  Schema.typeSchema(Schema.Struct(tokenFields)),
  { strict: true, decode: identity, encode: (token) => ({ object: "token" as const, ...token }) }
).annotations({ identifier: "SessionToken" })

const cookieFields = {
  /** The values of `Set-Cookie` headers. `Redacted.value` reads them. */
  cookies: Schema.Array(Schema.Redacted(Schema.String))
}

/**
 * The `Set-Cookie` directives of a refreshed session, each `Redacted`.
 *
 * @see https://clerk.com/docs/guides/how-clerk-works/cookies
 * @since 0.1.0
 * @category models
 */
export interface SessionCookies extends Schema.Schema.Type<typeof SessionCookies> {}

/**
 * The `Set-Cookie` directives of a refreshed session, each `Redacted`.
 *
 * @see https://clerk.com/docs/guides/how-clerk-works/cookies
 * @since 0.1.0
 * @category schemas
 */
export const SessionCookies = Schema.transform(
  Schema.Struct({ object: Schema.optional(Schema.Literal("cookies")), ...cookieFields }),
  Schema.typeSchema(Schema.Struct(cookieFields)),
  { strict: true, decode: identity, encode: (cookies) => ({ object: "cookies" as const, ...cookies }) }
).annotations({ identifier: "SessionCookies" })
