/**
 * The claims of a session token, in one normal form for both of Clerk's versions, and the questions to ask of them.
 *
 * **Details**
 *
 * `fromPayload` reads the payload of a token; it verifies nothing. `SessionVerifier.verify` returns claims whose
 * signature and times hold. The questions are pure and answer `false` where in doubt.
 *
 * @see https://clerk.com/docs/guides/sessions/session-tokens
 * @module
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

import * as NormalForm from "./internal/verify/normalForm.js"
import * as Wire from "./internal/verify/wire.js"
import { Actor, OrganizationId, SessionId, UserId } from "./Session.js"

/**
 * How long before the token was issued the user verified each factor.
 *
 * @see https://clerk.com/docs/guides/secure/reverification
 * @since 0.1.0
 * @category models
 */
export interface FactorAge extends Schema.Schema.Type<typeof FactorAge> {}

/**
 * How long before the token was issued the user verified each factor.
 *
 * @see https://clerk.com/docs/guides/secure/reverification
 * @since 0.1.0
 * @category schemas
 */
export const FactorAge = Schema.Struct({
  /** The age of the first factor, in whole minutes; none if it was never verified. */
  first: Schema.OptionFromNullOr(Wire.Age),
  /** The age of the second factor, in whole minutes; none if the user has none or never verified it. */
  second: Schema.OptionFromNullOr(Wire.Age)
}).annotations({ identifier: "FactorAge" })

/**
 * The organization that is active in the session.
 *
 * @see https://clerk.com/docs/guides/organizations/overview
 * @since 0.1.0
 * @category models
 */
export interface Organization extends Schema.Schema.Type<typeof Organization> {}

/**
 * The organization that is active in the session.
 *
 * @see https://clerk.com/docs/guides/organizations/overview
 * @since 0.1.0
 * @category schemas
 */
export const Organization = Schema.Struct({
  /** The id of the organization. */
  id: OrganizationId,
  /** The slug of the organization; none if it has none. */
  slug: Schema.OptionFromNullOr(Schema.NonEmptyString),
  /** The role of the user in it, such as `org:admin`. */
  role: Schema.OptionFromNullOr(Wire.Role),
  /** The custom permissions of that role, such as `org:invoices:read`; Clerk's system permissions are not among them. */
  permissions: Schema.Array(Wire.Permission)
}).annotations({ identifier: "Organization" })

/**
 * What a session token says about the session, its user and its organization.
 *
 * @see https://clerk.com/docs/guides/sessions/session-tokens
 * @since 0.1.0
 * @category models
 */
export interface SessionClaims extends Schema.Schema.Type<typeof SessionClaims> {}

/**
 * What a session token says about the session, its user and its organization.
 *
 * **Details**
 *
 * Encodes to plain JSON with the same keys. `fromPayload` decodes the payload of a token.
 *
 * @see https://clerk.com/docs/guides/sessions/session-tokens
 * @since 0.1.0
 * @category schemas
 */
export const SessionClaims = Schema.Struct({
  /** The user of the session (`sub`). */
  userId: UserId,
  /** The session (`sid`). */
  sessionId: SessionId,
  /** The Frontend API URL of the instance (`iss`). */
  issuer: Schema.OptionFromNullOr(Schema.String),
  /** When the token was issued (`iat`). */
  issuedAt: Schema.OptionFromNullOr(Wire.Time),
  /** When the token expires (`exp`), by default one minute after it was issued. */
  expiresAt: Wire.Time,
  /** When the token becomes valid (`nbf`); Clerk writes ten seconds before it was issued. */
  notBefore: Schema.OptionFromNullOr(Wire.Time),
  /** The origin of the page that the token was issued for (`azp`); tokens of `Sessions.createToken` have none. */
  authorizedParty: Schema.OptionFromNullOr(Schema.String),
  /** The id of the token (`jti`); none in version 1. */
  tokenId: Schema.OptionFromNullOr(Schema.String),
  /** The status of the session (`sts`) when the token was issued: `active`, unless tasks are to be completed. */
  status: Schema.Literal("active", "pending"),
  /** How long ago the factors were verified (`fva`). */
  factorAge: Schema.OptionFromNullOr(FactorAge),
  /** Who acts on behalf of the user (`act`); none unless the session is an impersonation. */
  actor: Schema.OptionFromNullOr(Actor),
  /** The organization that is active in the session. */
  organization: Schema.OptionFromNullOr(Organization),
  /** The features of the organization (`org:x`) and of the user (`user:x`). */
  features: Schema.Array(Wire.ScopedName),
  /** The plans of the organization (`org:x`) and of the user (`user:x`). */
  plans: Schema.Array(Wire.ScopedName),
  /** Every other claim, as it stands in the payload; decode it with a schema of your own. */
  custom: Wire.CustomClaims
}).annotations({ identifier: "SessionClaims" })

/**
 * Claims from the payload of a token, version 1 or 2.
 *
 * **Details**
 *
 * `sub`, `sid` and `exp` are required. A malformed identity, time, party, status or actor is a failure; malformed
 * features, plans, permissions and factor ages grant nothing. Permissions are granted only where all of Clerk's SDKs read the
 * masks alike. Encodes to a payload of version 1, which spells permissions out.
 *
 * **Gotchas**
 *
 * It checks no signature and no times. Use `SessionVerifier.verify` for tokens of requests.
 *
 * **Example** (Read the payload of a token that was verified elsewhere)
 *
 * ```ts
 * import { SessionClaims } from "effect-clerk"
 * import { Schema } from "effect"
 *
 * export const claims = Schema.decodeUnknownOption(SessionClaims.fromPayload)({
 *   v: 2,
 *   sub: "user_1",
 *   sid: "sess_1",
 *   exp: 1_800_000_000
 * })
 * ```
 *
 * @see https://clerk.com/docs/guides/sessions/session-tokens
 * @since 0.1.0
 * @category schemas
 */
export const fromPayload: Schema.Schema<SessionClaims, { readonly [claim: string]: unknown }> =
  Schema.transformOrFail(Wire.Payload, Schema.typeSchema(SessionClaims), {
    strict: true,
    decode: (payload) =>
      Effect.map(Wire.decodeChecked(payload), (checked) => NormalForm.normalize(payload, checked)),
    encode: (claims) => ParseResult.succeed(NormalForm.toPayload(claims))
  }).annotations({ identifier: "SessionPayload" })

/**
 * Checks whether the user has this role in the active organization, given with or without `org:`.
 *
 * **Example** (Admins only)
 *
 * ```ts
 * import { SessionClaims } from "effect-clerk"
 *
 * export const isAdmin = SessionClaims.hasRole("org:admin")
 * ```
 *
 * @see https://clerk.com/docs/guides/organizations/control-access/roles-and-permissions
 * @since 0.1.0
 * @category predicates
 */
export const hasRole: {
  (role: string): (self: SessionClaims) => boolean
  (self: SessionClaims, role: string): boolean
} = dual(2, (self: SessionClaims, role: string): boolean =>
  Option.exists(self.organization, (organization) =>
    Option.exists(organization.role, (held) => isAskable(role) && held === NormalForm.withOrg(role))
  )
)

/**
 * Checks whether the user has this permission in the active organization, given with or without `org:`.
 *
 * **Gotchas**
 *
 * Clerk's system permissions (`org:sys_…`) are in no token, so the answer is always `false` for them.
 *
 * @see https://clerk.com/docs/guides/organizations/control-access/roles-and-permissions
 * @since 0.1.0
 * @category predicates
 */
export const hasPermission: {
  (permission: string): (self: SessionClaims) => boolean
  (self: SessionClaims, permission: string): boolean
} = dual(2, (self: SessionClaims, permission: string): boolean =>
  Option.exists(
    self.organization,
    ({ permissions }) => isAskable(permission) && permissions.includes(NormalForm.withOrg(permission))
  )
)

/**
 * Checks whether the organization or the user has this feature: `x` for either, `org:x` or `user:x` for one of them.
 *
 * @see https://clerk.com/docs/guides/billing/overview
 * @since 0.1.0
 * @category predicates
 */
export const hasFeature: {
  (feature: string): (self: SessionClaims) => boolean
  (self: SessionClaims, feature: string): boolean
} = dual(2, (self: SessionClaims, feature: string): boolean => includesScoped(self.features, feature))

/**
 * Checks whether the organization or the user has this plan: `x` for either, `org:x` or `user:x` for one of them.
 *
 * @see https://clerk.com/docs/guides/billing/overview
 * @since 0.1.0
 * @category predicates
 */
export const hasPlan: {
  (plan: string): (self: SessionClaims) => boolean
  (self: SessionClaims, plan: string): boolean
} = dual(2, (self: SessionClaims, plan: string): boolean => includesScoped(self.plans, plan))

/**
 * How recently the user must have verified which factor: one of Clerk's presets, or a level and a time.
 *
 * **Details**
 *
 * `strict_mfa` is both factors within 10 minutes, `strict` the second within 10 minutes, `moderate` the second within an
 * hour, `lax` the second within a day.
 *
 * @see https://clerk.com/docs/guides/secure/reverification
 * @since 0.1.0
 * @category models
 */
export type Reverification =
  | "strict_mfa"
  | "strict"
  | "moderate"
  | "lax"
  | {
      /** The factor that counts; `multi_factor` is both. */
      readonly level: "first_factor" | "second_factor" | "multi_factor"
      /** The time within which it must have been verified, above zero. */
      readonly within: Duration.DurationInput
    }

const presets = new Map<unknown, Exclude<Reverification, string>>([
  ["strict_mfa", { level: "multi_factor", within: "10 minutes" }],
  ["strict", { level: "second_factor", within: "10 minutes" }],
  ["moderate", { level: "second_factor", within: "1 hour" }],
  ["lax", { level: "second_factor", within: "1 day" }]
])

/**
 * Checks whether the user verified their factors recently enough when the token was issued.
 *
 * **Details**
 *
 * Levels mean what they mean to Clerk: a user without a second factor is asked for the first one alone.
 *
 * **Example** (Ask for a fresh sign-in before a payment)
 *
 * ```ts
 * import { SessionClaims } from "effect-clerk"
 *
 * export const mayPay = SessionClaims.isReverified({ level: "second_factor", within: "5 minutes" })
 * ```
 *
 * @see https://clerk.com/docs/guides/secure/reverification
 * @since 0.1.0
 * @category predicates
 */
export const isReverified: {
  (reverification: Reverification): (self: SessionClaims) => boolean
  (self: SessionClaims, reverification: Reverification): boolean
} = dual(2, (self: SessionClaims, reverification: Reverification): boolean => {
  const asked = typeof reverification === "string" ? presets.get(reverification) : reverification
  const within = Duration.decodeUnknown(asked?.within)
  if (Option.isNone(self.factorAge) || asked === undefined || Option.isNone(within)) {
    return false
  }
  const { first, second } = self.factorAge.value
  const isFresh = (age: Option.Option<Duration.Duration>) =>
    Option.isSome(age) && Duration.lessThan(age.value, within.value)
  switch (asked.level) {
    case "first_factor":
      return isFresh(first)
    case "second_factor":
      return isFresh(Option.isSome(second) ? second : first)
    case "multi_factor":
      return isFresh(first) && (Option.isNone(second) || isFresh(second))
    default:
      return false
  }
})

const isAskable = (name: unknown): name is string =>
  typeof name === "string" && NormalForm.isNamed(NormalForm.withOrg(name))

const includesScoped = (held: ReadonlyArray<string>, name: unknown): boolean => {
  if (typeof name !== "string") {
    return false
  }
  const colon = name.indexOf(":")
  if (colon === -1) {
    return held.includes(`org:${name}`) || held.includes(`user:${name}`)
  }
  const scope = scopes.get(name.slice(0, colon))
  return scope !== undefined && held.includes(`${scope}:${name.slice(colon + 1)}`)
}

/** The spellings that Clerk's `has()` takes. */
const scopes: ReadonlyMap<string, "org" | "user"> = new Map([
  ["o", "org"],
  ["org", "org"],
  ["organization", "org"],
  ["u", "user"],
  ["user", "user"]
])
