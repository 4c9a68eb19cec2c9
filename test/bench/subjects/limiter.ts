/** A turn of the rate limiter, and a call that takes one, on a `fetch` without a network. */
import { ClerkConfig } from "effect-clerk"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"

import { names } from "../names.js"
import { limiterTasks, sessionId } from "../wire.js"
import { ofEffects } from "./effects.js"
import { calls, services } from "./ours.js"
import { nowhere, stubFetch } from "./stub.js"
import { importModule } from "./subject.js"
import type { Subject, SubjectModule } from "./subject.js"

declare const limiter: unique symbol
interface Limiter {
  readonly [limiter]: unknown
}

/** What is used of `effect-clerk/ClerkRateLimiter`. */
interface LimiterModule {
  readonly ClerkRateLimiter: Context.Tag<
    Limiter,
    {
      readonly takeTurn: (
        context: { readonly operation: string; readonly method: string; readonly path: string },
        settings: ClerkConfig.Settings
      ) => Effect.Effect<void, unknown>
    }
  >
  readonly layer: (options: { readonly quota: number }) => Layer.Layer<Limiter, unknown>
}

/** So many calls in 10 seconds that no call of a run waits. */
const quota = 10_000_000

const context = { operation: "Sessions.get", method: "GET", path: `/sessions/${sessionId}` }

const ours = async (): Promise<Subject> => {
  // This module's documented interface, as far as it is used here.
  const { ClerkRateLimiter, layer } = (await importModule("ClerkRateLimiter")) as LimiterModule
  stubFetch()
  const without = ofEffects(ManagedRuntime.make(services(nowhere)), () => calls.get)
  const runtime = ManagedRuntime.make(Layer.merge(services(nowhere), layer({ quota })))
  const { takeTurn } = await runtime.runPromise(ClerkRateLimiter)
  const settings = await runtime.runPromise(ClerkConfig.ClerkConfig)
  const turn = Effect.as(takeTurn(context, settings), { id: sessionId })
  const within = ofEffects(runtime, (task) => (task === limiterTasks.turn ? turn : calls.get))
  const of = (task: string) => (task === limiterTasks.without ? without : within)
  return {
    once: (task) => of(task).once(task),
    run: (task, calls, concurrency) => of(task).run(task, calls, concurrency)
  }
}

export const tasks: SubjectModule["tasks"] = Object.values(limiterTasks)

export const subjects: SubjectModule["subjects"] = { [names.limiter]: ours }

export const check: SubjectModule["check"] = (_, result) =>
  Object(result).id === sessionId ? undefined : "returned no session"
