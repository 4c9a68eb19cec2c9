/**
 * What the Sessions API speaks about: sessions, their latest activity, and the tokens minted for them.
 *
 * Details: every model is a `Schema` whose type is plain data in camelCase and whose encoded form is Clerk's JSON in
 * snake_case. Timestamps are epoch milliseconds on the wire and `DateTime.Utc` here. What Clerk may leave out or
 * answer with `null` is an `Option`. Fields that Clerk adds later are ignored.
 *
 * @see https://clerk.com/docs/reference/backend-api/tag/sessions
 * @module
 * @since 0.1.0
 */
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

const nullable = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.optionalWith(schema, { as: "Option", nullable: true, onNoneEncoding: () => Option.some(null) })

const optional = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.optionalWith(schema, { as: "Option", nullable: true })

const Timestamp = Schema.compose(Schema.Int, Schema.DateTimeUtcFromNumber).annotations({
  identifier: "Timestamp",
  description: "epoch milliseconds within the range of a Date"
})

/**
 * The id of a session, such as `sess_2x…`.
 *
 * @since 0.1.0
 * @category ids
 */
export const SessionId = Schema.NonEmptyString.pipe(Schema.brand("SessionId"))

/**
 * The id of a session, such as `sess_2x…`.
 *
 * @since 0.1.0
 * @category ids
 */
export type SessionId = typeof SessionId.Type

/**
 * The id of a user, such as `user_2x…`.
 *
 * @since 0.1.0
 * @category ids
 */
export const UserId = Schema.NonEmptyString.pipe(Schema.brand("UserId"))

/**
 * The id of a user, such as `user_2x…`.
 *
 * @since 0.1.0
 * @category ids
 */
export type UserId = typeof UserId.Type

/**
 * The id of a client (a device or browser that holds sessions), such as `client_2x…`.
 *
 * @since 0.1.0
 * @category ids
 */
export const ClientId = Schema.NonEmptyString.pipe(Schema.brand("ClientId"))

/**
 * The id of a client (a device or browser that holds sessions), such as `client_2x…`.
 *
 * @since 0.1.0
 * @category ids
 */
export type ClientId = typeof ClientId.Type

/**
 * The id of an organization, such as `org_2x…`.
 *
 * @since 0.1.0
 * @category ids
 */
export const OrganizationId = Schema.NonEmptyString.pipe(Schema.brand("OrganizationId"))

/**
 * The id of an organization, such as `org_2x…`.
 *
 * @since 0.1.0
 * @category ids
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
 * @category models
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
 * Who acts on behalf of the user (impersonation), as a JSON object whose `sub` is the id of the acting user.
 *
 * @see https://clerk.com/docs/guides/users/impersonation
 * @since 0.1.0
 * @category models
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
 * Where and on what a session was last used.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionActivity extends Schema.Schema.Type<typeof SessionActivity> {}

const activityFields = {
  id: Schema.String,
  deviceType: optional(Schema.String).pipe(Schema.fromKey("device_type")),
  isMobile: Schema.propertySignature(Schema.Boolean).pipe(Schema.fromKey("is_mobile")),
  browserName: optional(Schema.String).pipe(Schema.fromKey("browser_name")),
  browserVersion: optional(Schema.String).pipe(Schema.fromKey("browser_version")),
  ipAddress: optional(Schema.String).pipe(Schema.fromKey("ip_address")),
  city: optional(Schema.String),
  country: optional(Schema.String)
}

/**
 * Where and on what a session was last used.
 *
 * @since 0.1.0
 * @category models
 */
export const SessionActivity = Schema.transform(
  Schema.Struct({ object: Schema.String, ...activityFields }),
  Schema.typeSchema(Schema.Struct(activityFields)),
  { strict: true, decode: identity, encode: (activity) => ({ object: "session_activity", ...activity }) }
).annotations({ identifier: "SessionActivity" })

/**
 * Something the user has still to do before a `pending` session becomes active.
 *
 * @see https://clerk.com/docs/guides/development/custom-flows/authentication/session-tasks
 * @since 0.1.0
 * @category models
 */
export interface SessionTask extends Schema.Schema.Type<typeof SessionTask> {}

/**
 * Something the user has still to do before a `pending` session becomes active.
 *
 * @see https://clerk.com/docs/guides/development/custom-flows/authentication/session-tasks
 * @since 0.1.0
 * @category models
 */
export const SessionTask = Schema.Struct({ key: Schema.String }).annotations({ identifier: "SessionTask" })

const sessionFields = {
  id: SessionId,
  userId: Schema.propertySignature(UserId).pipe(Schema.fromKey("user_id")),
  clientId: Schema.propertySignature(ClientId).pipe(Schema.fromKey("client_id")),
  actor: nullable(Actor),
  status: SessionStatus,
  lastActiveOrganizationId: nullable(OrganizationId).pipe(Schema.fromKey("last_active_organization_id")),
  lastActiveAt: Schema.propertySignature(Timestamp).pipe(Schema.fromKey("last_active_at")),
  latestActivity: nullable(SessionActivity).pipe(Schema.fromKey("latest_activity")),
  expireAt: Schema.propertySignature(Timestamp).pipe(Schema.fromKey("expire_at")),
  abandonAt: Schema.propertySignature(Timestamp).pipe(Schema.fromKey("abandon_at")),
  updatedAt: Schema.propertySignature(Timestamp).pipe(Schema.fromKey("updated_at")),
  createdAt: Schema.propertySignature(Timestamp).pipe(Schema.fromKey("created_at")),
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
 * @category models
 */
export const Session = Schema.transform(
  Schema.Struct({ object: Schema.Literal("session"), ...sessionFields }),
  Schema.typeSchema(Schema.Struct(sessionFields)),
  { strict: true, decode: identity, encode: (session) => ({ object: "session" as const, ...session }) }
).annotations({ identifier: "Session" })

/**
 * One page of sessions and, where Clerk said so, how many there are over all pages.
 *
 * Details: decodes from every shape that Clerk answers a list with: a bare array, or an object with `data` and
 * `total_count`.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionPage extends Schema.Schema.Type<typeof SessionPage> {}

const Page = Schema.Struct({
  data: Schema.Array(Session),
  totalCount: optional(Schema.NonNegativeInt).pipe(Schema.fromKey("total_count"))
})

/**
 * One page of sessions and, where Clerk said so, how many there are over all pages.
 *
 * Details: decodes from every shape that Clerk answers a list with: a bare array, or an object with `data` and
 * `total_count`.
 *
 * @since 0.1.0
 * @category models
 */
export const SessionPage = Schema.transform(
  Schema.Union(Page, Schema.Array(Session)),
  Schema.typeSchema(Page),
  {
    strict: true,
    decode: (answer) => ("data" in answer ? answer : { data: answer, totalCount: Option.none() }),
    encode: identity
  }
).annotations({ identifier: "SessionPage" })

const tokenFields = { jwt: Schema.Redacted(Schema.NonEmptyString) }

/**
 * A JSON Web Token minted for a session; `Redacted`, because whoever holds it is signed in.
 *
 * @see https://clerk.com/docs/guides/sessions/session-tokens
 * @since 0.1.0
 * @category models
 */
export interface SessionToken extends Schema.Schema.Type<typeof SessionToken> {}

/**
 * A JSON Web Token minted for a session; `Redacted`, because whoever holds it is signed in.
 *
 * @see https://clerk.com/docs/guides/sessions/session-tokens
 * @since 0.1.0
 * @category models
 */
export const SessionToken = Schema.transform(
  Schema.Struct({ object: Schema.optional(Schema.Literal("token")), ...tokenFields }),
  Schema.typeSchema(Schema.Struct(tokenFields)),
  { strict: true, decode: identity, encode: (token) => ({ object: "token" as const, ...token }) }
).annotations({ identifier: "SessionToken" })

const cookieFields = { cookies: Schema.Array(Schema.Redacted(Schema.String)) }

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
 * @category models
 */
export const SessionCookies = Schema.transform(
  Schema.Struct({ object: Schema.optional(Schema.Literal("cookies")), ...cookieFields }),
  Schema.typeSchema(Schema.Struct(cookieFields)),
  { strict: true, decode: identity, encode: (cookies) => ({ object: "cookies" as const, ...cookies }) }
).annotations({ identifier: "SessionCookies" })
