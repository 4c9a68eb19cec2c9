import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

import * as Session from "../../Session.js"
import { maxTime } from "./time.js"

/**
 * The fields of a session that a test sets; the others have defaults. Every `Session` is one.
 *
 * **Details**
 *
 * A field that is an `Option` in a `Session` also takes the plain value.
 *
 * @since 0.1.0
 * @category models
 */
export type SessionInit = {
  readonly [K in keyof Omit<Session.Session, "latestActivity">]?: Plain<Session.Session[K]> | undefined
} & {
  /** The latest activity, or the fields of it that a test sets. */
  readonly latestActivity?: Option.Option<Session.SessionActivity> | ActivityInit | undefined
  /** Sets `lastActiveAt` to this long before now. A session that did not exist then was created then. */
  readonly idleFor?: Duration.DurationInput | undefined
}

/**
 * The fields of a session's latest activity that a test sets; the others have defaults.
 *
 * @since 0.1.0
 * @category models
 */
export type ActivityInit = {
  readonly [K in keyof Session.SessionActivity]?: Plain<Session.SessionActivity[K]> | undefined
}

type Plain<A> =
  A extends Option.Option<infer B> ? Option.Option<Plain<B>> | Plain<B> : A extends string ? string : A

/** Sources of defaults. Times are in milliseconds. */
export interface Defaults {
  readonly id: (prefix: "sess" | "user" | "client") => string
  readonly now: number
  readonly sessionLifetime: number
  readonly inactivityLifetime: number
}

/** Makes a session from the fields that are set. */
export const make = (init: SessionInit, defaults: Defaults): Session.Session => {
  const now = DateTime.unsafeMake(defaults.now)
  const lastActiveAt =
    init.lastActiveAt ??
    (init.idleFor === undefined ? (init.createdAt ?? now) : before(now, Duration.decode(init.idleFor)))
  const createdAt = init.createdAt ?? (init.idleFor === undefined ? now : DateTime.min(now, lastActiveAt))
  return {
    id: Session.SessionId.make(init.id ?? defaults.id("sess")),
    userId: Session.UserId.make(init.userId ?? defaults.id("user")),
    clientId: Session.ClientId.make(init.clientId ?? defaults.id("client")),
    actor: toOption(init.actor),
    status: init.status ?? "active",
    lastActiveOrganizationId: Option.map(toOption(init.lastActiveOrganizationId), (id) =>
      Session.OrganizationId.make(id)
    ),
    lastActiveAt,
    latestActivity: Option.map(toOption<ActivityInit>(init.latestActivity), activity),
    expireAt: init.expireAt ?? after(createdAt, defaults.sessionLifetime),
    abandonAt: init.abandonAt ?? after(lastActiveAt, defaults.inactivityLifetime),
    updatedAt: init.updatedAt ?? createdAt,
    createdAt,
    tasks: init.tasks ?? []
  }
}

/** Makes a latest activity from the fields that are set. */
export const activity = (init: ActivityInit): Session.SessionActivity => ({
  id: init.id ?? "sess_activity_1",
  deviceType: toOption(init.deviceType),
  isMobile: init.isMobile ?? false,
  browserName: toOption(init.browserName),
  browserVersion: toOption(init.browserVersion),
  ipAddress: toOption(init.ipAddress),
  city: toOption(init.city),
  country: toOption(init.country)
})

/** The session with its status at a time: an active or pending session expires and is abandoned. */
export const withStatusAt = (session: Session.Session, now: number): Session.Session => {
  if (session.status !== "active" && session.status !== "pending") return session
  if (now >= session.abandonAt.epochMillis) return { ...session, status: "abandoned" }
  return now >= session.expireAt.epochMillis ? { ...session, status: "expired" } : session
}

const toOption = <A>(value: Option.Option<A> | A | undefined): Option.Option<A> =>
  Option.isOption(value) ? value : Option.fromNullable(value)

const before = (time: DateTime.Utc, duration: Duration.Duration): DateTime.Utc =>
  DateTime.unsafeMake(Math.max(time.epochMillis - Duration.toMillis(duration), -maxTime))

const after = (time: DateTime.Utc, millis: number): DateTime.Utc =>
  DateTime.unsafeMake(Math.min(time.epochMillis + millis, maxTime))
