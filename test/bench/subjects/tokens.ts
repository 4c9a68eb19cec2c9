/** A token that is kept, beside one that is minted, on a `fetch` without a network. */
import type * as HttpClient from "@effect/platform/HttpClient"
import type { ClerkConfig } from "effect-clerk"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"

import { names } from "../names.js"
import { sessionId, tokenTasks } from "../wire.js"
import { ofEffects } from "./effects.js"
import { calls, services } from "./ours.js"
import { nowhere, stubFetch } from "./stub.js"
import { importModule } from "./subject.js"
import type { Subject, SubjectModule } from "./subject.js"

declare const tokens: unique symbol
interface Tokens {
  readonly [tokens]: unknown
}

/** What is used of `effect-clerk/SessionTokens`. */
export interface TokensModule {
  readonly get: (
    sessionId: string
  ) => Effect.Effect<unknown, unknown, Tokens | HttpClient.HttpClient | ClerkConfig.ClerkConfig>
  readonly invalidate: (
    sessionId: string
  ) => Effect.Effect<void, unknown, Tokens | HttpClient.HttpClient | ClerkConfig.ClerkConfig>
  readonly layer: () => Layer.Layer<Tokens>
}

const ours = async (): Promise<Subject> => {
  // This module's documented interface, as far as it is used here.
  const { get, layer } = (await importModule("SessionTokens")) as TokensModule
  stubFetch()
  const runtime = ManagedRuntime.make(Layer.merge(services(nowhere), layer()))
  return ofEffects(runtime, (task) => (task === tokenTasks.kept ? get(sessionId) : calls.createToken))
}

export const tasks: SubjectModule["tasks"] = Object.values(tokenTasks)

export const subjects: SubjectModule["subjects"] = { [names.tokens]: ours }

export const check: SubjectModule["check"] = (_, result) =>
  Object(result).jwt === undefined ? "returned no token" : undefined
