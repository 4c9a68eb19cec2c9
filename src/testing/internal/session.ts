import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"

import * as Session from "../../Session.js"

/**
 * What can be said of a session; the rest is made up. Any `Session` will do.
 *
 * @since 0.1.0
 * @category models
 */
export type SessionInit = {
  readonly [K in keyof Session.Session]?: Unbranded<Session.Session[K]> | undefined
}

type Unbranded<A> =
  A extends Option.Option<infer B> ? Option.Option<Unbranded<B>> : A extends string ? string : A

/** Where what is not said comes from. Times are in milliseconds. */
export interface Defaults {
  readonly id: (prefix: "sess" | "user" | "client") => string
  readonly now: number
  readonly sessionLifetime: number
  readonly inactivityLifetime: number
}

/** Makes a session of what is known about it. */
export const complete = (init: SessionInit, defaults: Defaults): Session.Session => {
  const createdAt = init.createdAt ?? DateTime.unsafeMake(defaults.now)
  const lastActiveAt = init.lastActiveAt ?? createdAt
  return {
    id: Session.SessionId.make(init.id ?? defaults.id("sess")),
    userId: Session.UserId.make(init.userId ?? defaults.id("user")),
    clientId: Session.ClientId.make(init.clientId ?? defaults.id("client")),
    actor: init.actor ?? Option.none(),
    status: init.status ?? "active",
    lastActiveOrganizationId: Option.map(init.lastActiveOrganizationId ?? Option.none(), (id) =>
      Session.OrganizationId.make(id)
    ),
    lastActiveAt,
    latestActivity: init.latestActivity ?? Option.none(),
    expireAt: init.expireAt ?? DateTime.add(createdAt, { millis: defaults.sessionLifetime }),
    abandonAt: init.abandonAt ?? DateTime.add(lastActiveAt, { millis: defaults.inactivityLifetime }),
    updatedAt: init.updatedAt ?? createdAt,
    createdAt,
    tasks: init.tasks ?? []
  }
}

/** The status at a time: sessions expire and are abandoned by themselves. */
export const at = (session: Session.Session, now: number): Session.Session => {
  if (session.status !== "active" && session.status !== "pending") return session
  if (now >= session.abandonAt.epochMillis) return { ...session, status: "abandoned" }
  return now >= session.expireAt.epochMillis ? { ...session, status: "expired" } : session
}
