/** What is held against the fault server: every operation, over every transport. */
import { FetchHttpClient } from "@effect/platform"
import type { HttpClient } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { Cause, Context, Effect, Exit, FastCheck, Hash, Layer, Option, Redacted, Stream } from "effect"
import { ClerkConfig, ClerkRetry, Sessions } from "effect-clerk"
import type { ClerkError } from "effect-clerk"
import * as ClerkUndici from "effect-clerk/undici"

import type { Kind } from "./clerk.js"
import * as Secrets from "./secrets.js"

export type Transport = "fetch" | "undici" | "tuned undici"

/** A fresh layer for every use: what one case does to its connections must not reach the next. */
export const transports: Record<Transport, () => Layer.Layer<HttpClient.HttpClient>> = {
  fetch: () => Layer.fresh(FetchHttpClient.layer),
  undici: () => Layer.fresh(NodeHttpClient.layerUndici),
  "tuned undici": () => Layer.fresh(ClerkUndici.layer())
}

export interface Operation {
  readonly name: string
  readonly kind: Kind
  readonly repeatable: boolean
  readonly documents404: boolean
  readonly call: (
    secrets: Secrets.Secrets
  ) => Effect.Effect<unknown, ClerkError.ClerkError, HttpClient.HttpClient | ClerkConfig.ClerkConfig>
}

const refreshParams = ({ key: _key, ...params }: Secrets.Secrets) => ({
  ...params,
  expiredToken: Redacted.make(params.expiredToken)
})

/** The seven operations, the two that page, and the other form of refresh. */
// oxfmt-ignore
export const operations: ReadonlyArray<Operation> = [
  { name: "list",                    kind: "list",    repeatable: true,  documents404: false, call: () => Sessions.list({ userId: "user_1" }) },
  { name: "listPage",                kind: "page",    repeatable: true,  documents404: false, call: () => Sessions.listPage({ userId: "user_1" }) },
  { name: "stream",                  kind: "page",    repeatable: true,  documents404: false, call: () => Stream.runCollect(Sessions.stream({ userId: "user_1" })) },
  { name: "create",                  kind: "session", repeatable: false, documents404: true,  call: () => Sessions.create({ userId: "user_1" }) },
  { name: "get",                     kind: "session", repeatable: true,  documents404: true,  call: () => Sessions.get("sess_1") },
  { name: "revoke",                  kind: "session", repeatable: true,  documents404: true,  call: () => Sessions.revoke("sess_1") },
  { name: "refresh",                 kind: "token",   repeatable: false, documents404: false, call: (secrets) => Sessions.refresh("sess_1", refreshParams(secrets)) },
  { name: "refresh to cookies",      kind: "cookies", repeatable: false, documents404: false, call: (secrets) => Sessions.refresh("sess_1", { ...refreshParams(secrets), format: "cookie" }) },
  { name: "createToken",             kind: "token",   repeatable: true,  documents404: true,  call: () => Sessions.createToken("sess_1", { expiresIn: "1 minute" }) },
  { name: "createTokenFromTemplate", kind: "token",   repeatable: true,  documents404: true,  call: () => Sessions.createTokenFromTemplate("sess_1", "hasura") }
]

/** Three attempts at most, with hardly any delay between them. */
export const impatient = ClerkRetry.schedule({ times: 2, base: "1 millis", maxDelay: "2 millis" })

/** Settings for a server, as a service; those of a test that are no settings stop it at once. */
export const configured = (url: string, key: string, options: Partial<ClerkConfig.Options> = {}) =>
  Context.make(
    ClerkConfig.ClerkConfig,
    Effect.runSync(
      ClerkConfig.make({ apiUrl: url, secretKey: Redacted.make(key), retry: impatient, ...options })
    )
  )

export const settings = (url: string, key: string, options: Partial<ClerkConfig.Options> = {}) =>
  Layer.succeedContext(configured(url, key, options))

const samples = FastCheck.sample(Secrets.arbitrary, { numRuns: 64, seed: 4 })

/** Secrets that are random to the code and the same in every run of a case. */
export const secretsFor = (name: string): Secrets.Secrets => {
  const secrets = samples[Math.abs(Hash.string(name)) % samples.length]
  if (secrets === undefined) throw new Error("no samples")
  return secrets
}

export const outcomeOf = (exit: Exit.Exit<unknown, ClerkError.ClerkError>): string =>
  Exit.match(exit, {
    onSuccess: () => "value",
    onFailure: (cause) =>
      Option.match(Cause.failureOption(cause), {
        onNone: () => `no failure of ours, but ${Cause.pretty(cause)}`,
        onSome: (error) => error._tag
      })
  })
