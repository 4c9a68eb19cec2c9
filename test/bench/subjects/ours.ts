/** The same three operations by this package, as its users call them. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as HttpClient from "@effect/platform/HttpClient"
import { ClerkConfig, Sessions } from "effect-clerk"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"

import { sessionId, userId } from "../wire.js"
import type { Operation } from "../wire.js"
import { ofEffects } from "./effects.js"
import { operationOf, secretKey } from "./promises.js"
import type { Client } from "./promises.js"
import { importModule } from "./subject.js"

/** What every call of ours needs. */
export const services = (
  origin: string,
  transport: Layer.Layer<HttpClient.HttpClient> = FetchHttpClient.layer
): Layer.Layer<HttpClient.HttpClient | ClerkConfig.ClerkConfig> =>
  Layer.merge(
    transport,
    Layer.orDie(ClerkConfig.layer({ secretKey: Redacted.make(secretKey), apiUrl: origin }))
  )

export const calls: Record<
  Operation,
  Effect.Effect<unknown, unknown, HttpClient.HttpClient | ClerkConfig.ClerkConfig>
> = {
  get: Sessions.get(sessionId),
  createToken: Sessions.createToken(sessionId),
  list: Sessions.list({ userId, limit: 500 })
}

const ours =
  (
    transport: () => Layer.Layer<HttpClient.HttpClient> | Promise<Layer.Layer<HttpClient.HttpClient>>
  ): Client =>
  async (origin) =>
    ofEffects(ManagedRuntime.make(services(origin, await transport())), (task) => calls[operationOf(task)])

export const onFetch: Client = ours(() => FetchHttpClient.layer)

export const onUndici: Client = ours(async () => {
  const { layerUndici } = await import("@effect/platform-node/NodeHttpClient")
  return layerUndici
})

/** What is used of `effect-clerk/undici`. */
interface UndiciModule {
  readonly layer: () => Layer.Layer<HttpClient.HttpClient>
}

export const onTuned: Client = ours(async () => {
  const { layer } = (await importModule("undici")) as UndiciModule
  return layer()
})
