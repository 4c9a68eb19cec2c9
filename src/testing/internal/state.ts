import * as Duration from "effect/Duration"

import type { Ids } from "./ids.js"

/** A session as Clerk writes it on the wire. */
export interface SessionJson {
  readonly object: "session"
  readonly id: string
  readonly user_id: string
  readonly client_id: string
  readonly actor: Readonly<Record<string, unknown>> | null
  readonly status: string
  readonly last_active_organization_id: string | null
  readonly last_active_at: number
  readonly latest_activity: Readonly<Record<string, unknown>> | null
  readonly expire_at: number
  readonly abandon_at: number
  readonly updated_at: number
  readonly created_at: number
  readonly tasks: ReadonlyArray<{ readonly key: string }> | null
}

/** What has to be known of a session; the rest is filled in. */
export type SessionSeed = { readonly user_id: string } & Partial<SessionJson>

/** Users and sessions of one Clerk. Every method is synchronous, so that no two requests interleave inside one. */
export interface State {
  readonly users: Set<string>
  readonly addUser: (id?: string) => string
  readonly addSession: (seed: SessionSeed, now: number) => SessionJson
  readonly session: (id: string, now: number) => SessionJson | undefined
  /** Newest first. */
  readonly sessions: (now: number) => ReadonlyArray<SessionJson>
  readonly setStatus: (id: string, status: string, now: number) => SessionJson | undefined
  readonly refreshToken: (id: string) => string | undefined
}

const ended = (session: SessionJson, now: number): string => {
  if (session.status !== "active" && session.status !== "pending") return session.status
  if (now >= session.abandon_at) return "abandoned"
  return now >= session.expire_at ? "expired" : session.status
}

/** Makes an empty Clerk, whose sessions live as long as given. */
export const make = (options: {
  readonly ids: Ids
  readonly sessionLifetime: Duration.Duration
  readonly inactivityLifetime: Duration.Duration
}): State => {
  const users = new Set<string>()
  const sessions = new Map<string, { readonly json: SessionJson; readonly refreshToken: string }>()
  // Time is looked at, never waited for: a session read after its end is seen with the status it has by then.
  const at = (json: SessionJson, now: number): SessionJson => ({ ...json, status: ended(json, now) })

  const addUser = (id = options.ids.id("user")): string => {
    users.add(id)
    return id
  }

  const session = (id: string, now: number): SessionJson | undefined => {
    const found = sessions.get(id)
    return found === undefined ? undefined : at(found.json, now)
  }

  return {
    users,
    addUser,
    addSession: (seed, now) => {
      const createdAt = seed.created_at ?? now
      const lastActiveAt = seed.last_active_at ?? createdAt
      const json: SessionJson = {
        object: "session",
        id: seed.id ?? options.ids.id("sess"),
        user_id: addUser(seed.user_id),
        client_id: seed.client_id ?? options.ids.id("client"),
        actor: seed.actor ?? null,
        status: seed.status ?? "active",
        last_active_organization_id: seed.last_active_organization_id ?? null,
        last_active_at: lastActiveAt,
        latest_activity: seed.latest_activity ?? null,
        expire_at: seed.expire_at ?? createdAt + Duration.toMillis(options.sessionLifetime),
        abandon_at: seed.abandon_at ?? lastActiveAt + Duration.toMillis(options.inactivityLifetime),
        updated_at: seed.updated_at ?? createdAt,
        created_at: createdAt,
        tasks: seed.tasks ?? null
      }
      sessions.set(json.id, { json, refreshToken: options.ids.opaque("refresh", 40) })
      return at(json, now)
    },
    session,
    // Of two sessions created in the same millisecond, the one that was added later is the newer.
    sessions: (now) =>
      Array.from(sessions.values(), ({ json }) => at(json, now))
        .reverse()
        .sort((a, b) => b.created_at - a.created_at),
    setStatus: (id, status, now) => {
      const found = sessions.get(id)
      if (found === undefined) return undefined
      sessions.set(id, { ...found, json: { ...found.json, status, updated_at: now } })
      return session(id, now)
    },
    refreshToken: (id) => sessions.get(id)?.refreshToken
  }
}
