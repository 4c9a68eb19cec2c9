import type { Session } from "../../Session.js"
import type { Access } from "./access.js"
import { claimsV1, claimsV2 } from "./access.js"
import { maxTime } from "./time.js"

/** The claims of a token. */
export type Claims = Readonly<Record<string, unknown>>

/** The version of the claims of a session token. */
export type Version = 1 | 2

/** What every token says. Times are in milliseconds, lifetimes in seconds. */
export interface Issue {
  readonly issuer: string
  readonly now: number
  readonly lifetime: number
  /** A new token id. */
  readonly jti: string
}

/** Clerk dates a token back, for verifiers whose clocks are behind. */
const notBeforeLeeway = 10

const base = (session: Session, { issuer, jti, lifetime, now }: Issue) => {
  const iat = Math.floor(now / 1000)
  return {
    iss: issuer,
    sub: session.userId,
    iat,
    nbf: iat - notBeforeLeeway,
    exp: Math.min(iat + Math.ceil(lifetime), maxTime / 1000),
    jti
  }
}

/** Claims that custom claims of a session token cannot set. */
const reserved: ReadonlySet<string> = new Set(
  `act azp exp fea fva iat iss jti nbf o org_id org_permissions org_role org_slug pla sid sts sub v`.split(
    " "
  )
)

/** The claims of a session token. `origin` becomes `azp`; tokens that a backend mints have none. */
export const ofSession = (
  session: Session,
  access: Access,
  issue: Issue & { readonly version: Version; readonly origin?: string | undefined }
): Claims => {
  const { jti, ...always } = base(session, issue)
  const organizationId = session.lastActiveOrganizationId
  const organization = organizationId._tag === "Some" ? organizationId.value : undefined
  return {
    ...Object.fromEntries(Object.entries(access.claims).filter(([name]) => !reserved.has(name))),
    ...always,
    sid: session.id,
    fva: [Math.max(0, Math.floor((issue.now - session.createdAt.epochMillis) / 60_000)), -1],
    ...(issue.origin === undefined ? {} : { azp: issue.origin }),
    ...(session.actor._tag === "Some" ? { act: session.actor.value } : {}),
    ...(issue.version === 1
      ? claimsV1(access, organization)
      : {
          v: 2,
          jti,
          ...(session.status === "active" ? {} : { sts: session.status }),
          ...claimsV2(access, organization)
        })
  }
}

/** The claims of a token from a template, which is not bound to its session. */
export const ofTemplate = (session: Session, claims: Claims, issue: Issue): Claims => ({
  ...claims,
  ...base(session, issue)
})
