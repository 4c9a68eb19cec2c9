import * as DateTime from "effect/DateTime"

import * as Session from "../../Session.js"
import type { Ids } from "./ids.js"
import { at, complete, type SessionInit } from "./session.js"

/**
 * The users and sessions of one Clerk. Every method is synchronous, so that no request comes in between; times are in
 * milliseconds since the epoch.
 */
export interface State {
  readonly users: ReadonlySet<string>
  readonly addUser: (id?: string) => Session.UserId
  readonly addSession: (init: SessionInit, now: number) => Session.Session
  readonly session: (id: string, now: number) => Session.Session | undefined
  /** Newest first. */
  readonly sessions: (now: number) => ReadonlyArray<Session.Session>
  readonly setStatus: (id: string, status: Session.SessionStatus, now: number) => Session.Session | undefined
  /** The refresh token that the session accepts. */
  readonly refreshToken: (id: string) => string | undefined
}

/** Makes an empty Clerk, whose sessions live as long as given. */
export const make = (options: {
  readonly ids: Ids
  readonly sessionLifetime: number
  readonly inactivityLifetime: number
}): State => {
  const users = new Set<string>()
  const sessions = new Map<string, { readonly session: Session.Session; readonly refreshToken: string }>()
  const addUser = (id: string = options.ids.id("user")) => {
    users.add(id)
    return Session.UserId.make(id)
  }

  const find = (id: string, now: number) => {
    const found = sessions.get(id)
    return found === undefined ? undefined : at(found.session, now)
  }

  return {
    users,
    addUser,
    addSession: (init, now) => {
      const session = complete(init, { ...options, id: options.ids.id, now })
      addUser(session.userId)
      sessions.set(session.id, { session, refreshToken: options.ids.opaque("refresh", 40) })
      return at(session, now)
    },
    session: find,
    // Of two sessions created in the same millisecond, the one that was added later is the newer.
    sessions: (now) =>
      Array.from(sessions.values(), ({ session }) => at(session, now))
        .toReversed()
        .toSorted((a, b) => b.createdAt.epochMillis - a.createdAt.epochMillis),
    setStatus: (id, status, now) => {
      const found = sessions.get(id)
      if (found === undefined) return undefined
      sessions.set(id, {
        ...found,
        session: { ...found.session, status, updatedAt: DateTime.unsafeMake(now) }
      })
      return find(id, now)
    },
    refreshToken: (id) => sessions.get(id)?.refreshToken
  }
}
