/** What a scenario can do with sessions, whether by our operations or the plain way. */
import type * as HttpClient from "@effect/platform/HttpClient"
import { Effect } from "effect"
import { type ClerkConfig, Sessions } from "effect-clerk"

/** An operation that gives ids of sessions, and whose failures have a tag. */
export type Operation<A> = Effect.Effect<
  A,
  { readonly _tag: string },
  HttpClient.HttpClient | ClerkConfig.ClerkConfig
>

export interface Subject {
  readonly name: string
  readonly get: (id: string) => Operation<string>
  readonly list: (userId: string) => Operation<ReadonlyArray<string>>
  readonly create: (userId: string) => Operation<string>
  readonly revoke: (id: string) => Operation<string>
}

export const ours: Subject = {
  name: "effect-clerk",
  get: (id) => Effect.map(Sessions.get(id), (session) => session.id),
  list: (userId) => Effect.map(Sessions.list({ userId }), (sessions) => sessions.map(({ id }) => id)),
  create: (userId) => Effect.map(Sessions.create({ userId }), (session) => session.id),
  revoke: (id) => Effect.map(Sessions.revoke(id), (session) => session.id)
}
