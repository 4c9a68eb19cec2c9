import * as DateTime from "effect/DateTime"

import * as Session from "../../Session.js"
import * as Access from "./access.js"
import type { Ids } from "./ids.js"
import * as SessionModel from "./session.js"

/**
 * A session of a fake Clerk: the fields of the session, and what its tokens say beside them.
 *
 * @since 0.1.0
 * @category models
 */
export type SessionSeed = SessionModel.SessionInit & Access.AccessInit

/** A session and what belongs to it. */
export interface Entry {
  readonly session: Session.Session
  readonly access: Access.Access
  readonly refreshToken: string
}

/** A user that the fake knows, and when it was added. */
export interface User {
  readonly id: string
  readonly createdAt: number
}

/** Which sessions a list holds. */
export interface Filter {
  readonly clientId?: string | undefined
  readonly userId?: string | undefined
  readonly status?: string | undefined
}

/**
 * The users and sessions of one Clerk. Every method is synchronous, so that no request runs in between; times are in
 * milliseconds since the epoch.
 */
export interface State {
  readonly user: (id: string) => User | undefined
  /** In the order in which they were added. */
  readonly users: () => ReadonlyArray<User>
  readonly addUser: (id: string | undefined, now: number) => Session.UserId
  readonly addSession: (seed: SessionSeed, now: number) => Session.Session
  readonly entry: (id: string, now: number) => Entry | undefined
  /** Newest first. */
  readonly sessions: (filter: Filter, now: number) => ReadonlyArray<Session.Session>
  readonly setStatus: (id: string, status: Session.SessionStatus, now: number) => Session.Session | undefined
}

/** Makes an empty Clerk. */
export const make = (options: {
  readonly ids: Ids
  readonly sessionLifetime: number
  readonly inactivityLifetime: number
}): State => {
  const users = new Map<string, User>()
  const entries = new Map<string, Entry>()

  const addUser = (id: string = options.ids.id("user"), now: number) => {
    if (!users.has(id)) users.set(id, { id, createdAt: now })
    return Session.UserId.make(id)
  }

  const find = (id: string, now: number) => {
    const entry = entries.get(id)
    return entry === undefined
      ? undefined
      : { ...entry, session: SessionModel.withStatusAt(entry.session, now) }
  }

  return {
    user: (id) => users.get(id),
    users: () => [...users.values()],
    addUser,
    addSession: ({ claims, features, organization, plans, ...init }, now) => {
      const access = Access.make({ claims, features, organization, plans })
      const session = SessionModel.make(
        { ...init, lastActiveOrganizationId: init.lastActiveOrganizationId ?? organization?.id },
        { ...options, id: options.ids.id, now }
      )
      addUser(session.userId, now)
      entries.set(session.id, { session, access, refreshToken: options.ids.opaque("refresh", 40) })
      return SessionModel.withStatusAt(session, now)
    },
    entry: find,
    sessions: ({ clientId, status, userId }, now) => {
      const found: Array<Session.Session> = []
      for (const { session } of entries.values()) {
        if (clientId !== undefined && clientId !== session.clientId) continue
        if (userId !== undefined && userId !== session.userId) continue
        const current = SessionModel.withStatusAt(session, now)
        if (status === undefined || status === current.status) found.push(current)
      }
      // Of two sessions created in the same millisecond, the one added later is the newer one.
      return found.toReversed().toSorted((a, b) => b.createdAt.epochMillis - a.createdAt.epochMillis)
    },
    setStatus: (id, status, now) => {
      const entry = entries.get(id)
      if (entry === undefined) return undefined
      entries.set(id, {
        ...entry,
        session: { ...entry.session, status, updatedAt: DateTime.unsafeMake(now) }
      })
      return find(id, now)?.session
    }
  }
}
