/** The operations as a list, to run a test with each of them. */
import type { HttpClient } from "@effect/platform/HttpClient"
import { type ClerkConfig, type ClerkError, Sessions } from "effect-clerk"
import * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

import type { Kind } from "./wire.js"

export type Call<A = unknown> = Effect.Effect<A, ClerkError.ClerkError, HttpClient | ClerkConfig.ClerkConfig>

/** The secret parameters of `refresh`. */
export interface RefreshSecrets {
  readonly expiredToken: string
  readonly refreshToken: string
  readonly requestHeaders: Readonly<Record<string, string | ReadonlyArray<string>>>
}

export const refreshParams = {
  expiredToken: "expired",
  refreshToken: "refresh",
  requestOrigin: "https://app.example"
}

export interface Operation {
  readonly name: string
  readonly kind: Kind
  /** Whether it is retried although the first request may have taken effect. */
  readonly repeatable: boolean
  /** Whether it fails with `NotFound`. */
  readonly documents404: boolean
  readonly call: (secrets?: RefreshSecrets) => Call
}

const refresh = (secrets: RefreshSecrets | undefined) =>
  secrets === undefined
    ? refreshParams
    : { ...refreshParams, ...secrets, expiredToken: Redacted.make(secrets.expiredToken) }

/** Every operation that sends a request of its own, and the second form of `refresh`. */
// oxfmt-ignore
export const operations: ReadonlyArray<Operation> = [
  { name: "list",                    kind: "list",    repeatable: true,  documents404: false, call: () => Sessions.list({ userId: "user_1" }) },
  { name: "listPage",                kind: "page",    repeatable: true,  documents404: false, call: () => Sessions.listPage({ userId: "user_1" }) },
  { name: "stream",                  kind: "page",    repeatable: true,  documents404: false, call: () => Stream.runCollect(Sessions.stream({ userId: "user_1" })) },
  { name: "create",                  kind: "session", repeatable: false, documents404: true,  call: () => Sessions.create({ userId: "user_1" }) },
  { name: "get",                     kind: "session", repeatable: true,  documents404: true,  call: () => Sessions.get("sess_1") },
  { name: "revoke",                  kind: "session", repeatable: true,  documents404: true,  call: () => Sessions.revoke("sess_1") },
  { name: "refresh",                 kind: "token",   repeatable: false, documents404: false, call: (secrets) => Sessions.refresh("sess_1", refresh(secrets)) },
  { name: "refresh to cookies",      kind: "cookies", repeatable: false, documents404: false, call: (secrets) => Sessions.refresh("sess_1", { ...refresh(secrets), format: "cookie" }) },
  { name: "createToken",             kind: "token",   repeatable: true,  documents404: true,  call: () => Sessions.createToken("sess_1", { expiresIn: "1 minute" }) },
  { name: "createTokenFromTemplate", kind: "token",   repeatable: true,  documents404: true,  call: () => Sessions.createTokenFromTemplate("sess_1", "hasura") }
]

/** The tag of the failure, or "value". */
export const outcomeOf = (exit: Exit.Exit<unknown, ClerkError.ClerkError>): string =>
  Exit.match(exit, {
    onSuccess: () => "value",
    onFailure: (cause) =>
      Option.match(Cause.failureOption(cause), {
        onNone: () => `not a tagged failure: ${Cause.pretty(cause)}`,
        onSome: ({ _tag }) => _tag
      })
  })
