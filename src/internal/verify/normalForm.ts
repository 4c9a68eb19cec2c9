/** Reads the claims of either version into one normal form. What cannot be read grants nothing. */
import type * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

import type * as Session from "../../Session.js"
import type { FactorAge, Organization, SessionClaims } from "../../SessionClaims.js"

/** The JSON object that a token carries. */
export type Payload = { readonly [claim: string]: unknown }

/** The claims whose types are checked: a token is refused where one of them is malformed. */
export type Checked = Pick<
  SessionClaims,
  | "userId"
  | "sessionId"
  | "issuer"
  | "issuedAt"
  | "expiresAt"
  | "notBefore"
  | "authorizedParty"
  | "tokenId"
  | "status"
  | "actor"
>

export const normalize = (payload: Payload, checked: Checked): SessionClaims => {
  const isVersion2 = payload["v"] === 2
  return {
    userId: checked.userId,
    sessionId: checked.sessionId,
    issuer: checked.issuer,
    issuedAt: checked.issuedAt,
    expiresAt: checked.expiresAt,
    notBefore: checked.notBefore,
    authorizedParty: checked.authorizedParty,
    tokenId: checked.tokenId,
    status: checked.status,
    factorAge: factorAge(payload["fva"]),
    actor: checked.actor,
    organization: isVersion2 ? organization2(payload) : organization1(payload),
    features: scoped(payload["fea"]),
    plans: scoped(payload["pla"]),
    custom: custom(payload, isVersion2 ? version2 : version1)
  }
}

const shared = [
  "v",
  "sub",
  "sid",
  "iss",
  "iat",
  "exp",
  "nbf",
  "azp",
  "jti",
  "sts",
  "act",
  "fva",
  "fea",
  "pla"
]
const version1: ReadonlySet<string> = new Set([
  ...shared,
  "org_id",
  "org_slug",
  "org_role",
  "org_permissions"
])
const version2: ReadonlySet<string> = new Set([...shared, "o"])

/** A key `__proto__` would set the prototype of what it is copied to. */
const custom = (payload: Payload, known: ReadonlySet<string>): SessionClaims["custom"] => {
  const claims: Record<string, unknown> = {}
  for (const name of Object.keys(payload)) {
    if (!known.has(name) && name !== "__proto__") {
      claims[name] = payload[name]
    }
  }
  return claims
}

const organization1 = (payload: Payload): Option.Option<Organization> => {
  const { org_id: id, org_permissions: permissions, org_role: role, org_slug: slug } = payload
  return isOrganizationId(id)
    ? Option.some({
        id,
        slug: text(slug),
        role: roleName(role),
        permissions: Array.isArray(permissions) ? permissions.filter(Predicate.isString) : []
      })
    : Option.none()
}

const organization2 = ({ fea, o }: Payload): Option.Option<Organization> =>
  Predicate.isRecord(o) && isOrganizationId(o["id"])
    ? Option.some({
        id: o["id"],
        slug: text(o["slg"]),
        role: roleName(o["rol"]),
        permissions: permissions(fea, o["per"], o["fpm"])
      })
    : Option.none()

const isOrganizationId = (id: unknown): id is Session.OrganizationId => typeof id === "string" && id !== ""

const text = (claim: unknown): Option.Option<string> =>
  typeof claim === "string" && claim !== "" ? Option.some(claim) : Option.none()

const roleName = (role: unknown): Option.Option<string> =>
  typeof role === "string" ? Option.filter(Option.some(withOrg(role)), isNamed) : Option.none()

/** Roles and permissions are asked for with and without `org:`. */
export const withOrg = (name: string): string => name.replace(/^(org:)*/, "org:")

export const isNamed = (name: string): boolean => name !== "org:"

/** The names behind `"o:dashboard,u:beta,ou:api"`: `org:dashboard`, `user:beta`, `org:api`, `user:api`. */
export const scoped = (claim: unknown): ReadonlyArray<string> => {
  const names: Array<string> = []
  for (const entry of list(claim)) {
    const colon = entry.indexOf(":")
    const name = entry.slice(colon + 1)
    if (name === "") continue
    const scope = entry.slice(0, Math.max(0, colon))
    if (isOrgScope(scope)) names.push(join("org", name))
    if (scope === "u" || scope === "ou" || scope === "uo") names.push(join("user", name))
  }
  return fit(names)
}

/** A template would keep the strings that it is made of, and the claims from which those were cut. */
const join = (...parts: ReadonlyArray<string>): string => parts.join(":")

/** A list that grew has room for 17 more; claims are kept for as long as a request takes. */
const fit = (names: ReadonlyArray<string>): ReadonlyArray<string> => [...names]

const isOrgScope = (scope: string): boolean => scope === "o" || scope === "ou" || scope === "uo"

const list = (claim: unknown): ReadonlyArray<string> =>
  typeof claim === "string" && claim !== "" ? claim.split(",").map(trim) : []

const trim = (entry: string): string => entry.trim()

/**
 * The permissions that `fea`, `per` and `fpm` grant: mask `i` belongs to feature `i`, bit `j` to permission `j`.
 *
 * Clerk's JavaScript SDK counts only the features of organizations, its other SDKs count all. The two differ where a
 * feature of users comes first; then only what both grant is granted.
 */
const permissions = (fea: unknown, per: unknown, fpm: unknown): ReadonlyArray<string> => {
  const names = list(per)
  const masks = list(fpm)
  const granted: Array<string> = []
  let position = 0
  list(fea).forEach((entry, index) => {
    const colon = entry.indexOf(":")
    if (!isOrgScope(entry.slice(0, Math.max(0, colon)))) return
    const feature = entry.slice(colon + 1)
    let bits = mask(masks[index]) & mask(masks[position++])
    for (let bit = 0; bit < names.length && bits !== 0n; bit += 1, bits >>= 1n) {
      const name = names[bit]
      if ((bits & 1n) === 1n && feature !== "" && name !== undefined && name !== "") {
        granted.push(join("org", feature, name))
      }
    }
  })
  return fit(granted)
}

/** Masks can pass 2^53, and Clerk's sums can overflow to negative ones, which grant nothing. */
const mask = (text: string | undefined): bigint =>
  text !== undefined && /^\d+$/.test(text) ? BigInt(text) : 0n

const factorAge = (fva: unknown): Option.Option<FactorAge> => {
  if (!Array.isArray(fva) || fva.length !== 2) {
    return Option.none()
  }
  const [first, second]: ReadonlyArray<unknown> = fva
  return isAge(first) && isAge(second)
    ? Option.some({ first: age(first), second: age(second) })
    : Option.none()
}

const isAge = (minutes: unknown): minutes is number =>
  typeof minutes === "number" && Number.isFinite(minutes) && (minutes === -1 || minutes >= 0)

const age = (minutes: number): Option.Option<Duration.Duration> =>
  minutes === -1 ? Option.none() : Option.some(Duration.minutes(minutes))

/** Fractions of a second end a token earlier and start it later. Clerk writes none. */
export const endMillis = (seconds: number): number => Math.floor(seconds) * 1000

export const startMillis = (seconds: number): number => Math.ceil(seconds * 1000)

/** A payload of version 1: it lists permissions by name, so that nothing is lost. */
export const toPayload = (claims: SessionClaims): Payload => ({
  ...custom(claims.custom, version1),
  sub: claims.userId,
  sid: claims.sessionId,
  exp: claims.expiresAt.epochMillis / 1000,
  ...present("iss", claims.issuer),
  ...present("iat", Option.map(claims.issuedAt, seconds)),
  ...present("nbf", Option.map(claims.notBefore, seconds)),
  ...present("azp", claims.authorizedParty),
  ...present("jti", claims.tokenId),
  ...(claims.status === "active" ? {} : { sts: claims.status }),
  ...present("act", claims.actor),
  ...present(
    "fva",
    Option.map(claims.factorAge, ({ first, second }) => [minutes(first), minutes(second)])
  ),
  ...(claims.features.length === 0 ? {} : { fea: claims.features.map(wireScope).join(",") }),
  ...(claims.plans.length === 0 ? {} : { pla: claims.plans.map(wireScope).join(",") }),
  ...Option.match(claims.organization, {
    onNone: () => ({}),
    onSome: ({ id, permissions, role, slug }) => ({
      org_id: id,
      org_permissions: permissions,
      ...present("org_slug", slug),
      ...present("org_role", role)
    })
  })
})

const present = <A>(name: string, value: Option.Option<A>): { readonly [name: string]: A } =>
  Option.isSome(value) ? { [name]: value.value } : {}

const seconds = (time: DateTime.Utc): number => time.epochMillis / 1000

const minutes: (age: Option.Option<Duration.Duration>) => number = Option.match({
  onNone: () => -1,
  onSome: Duration.toMinutes
})

const wireScope = (name: string): string => name.replace(/^org:/, "o:").replace(/^user:/, "u:")
