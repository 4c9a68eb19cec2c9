/**
 * A whole Clerk to test against, in memory or on a loopback port.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpServer from "@effect/platform/HttpServer"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

import type { Fault } from "./Fault.js"
import * as Client from "./internal/client.js"
import * as Engine from "./internal/engine.js"
import type { Operation } from "./internal/routes.js"
import * as Server from "./internal/server.js"
import type { SessionJson, SessionSeed } from "./internal/state.js"
import type { Template } from "./internal/tokens.js"

/**
 * @since 0.1.0
 */
export * as Fault from "./Fault.js"

export interface Options {
  readonly secretKey?: Redacted.Redacted | string
  readonly instance?: "development" | "production"
  readonly users?: ReadonlyArray<string>
  readonly sessions?: ReadonlyArray<SessionSeed>
  readonly templates?: Readonly<Record<string, Template>>
  readonly sessionLifetime?: Duration.DurationInput
  readonly inactivityLifetime?: Duration.DurationInput
  readonly tokenLifetime?: Duration.DurationInput
  readonly seed?: string
  readonly keyPair?: CryptoKeyPair
}

export interface Service {
  readonly secretKey: Redacted.Redacted
  readonly requests: Effect.Effect<ReadonlyArray<Engine.RecordedRequest>>
  readonly sessions: Effect.Effect<ReadonlyArray<SessionJson>>
  readonly addUser: (id?: string) => Effect.Effect<string>
  readonly addSession: (seed: SessionSeed) => Effect.Effect<SessionJson>
  readonly setStatus: (id: string, status: string) => Effect.Effect<void>
  readonly refreshToken: (id: string) => Effect.Effect<string>
  readonly fail: (
    fault: Fault,
    options?: { readonly operation?: Operation; readonly times?: number }
  ) => Effect.Effect<void>
}

export class ClerkTest extends Context.Tag("effect-clerk/testing/ClerkTest")<ClerkTest, Service>() {}

const make = (options: Options) =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const instance = options.instance ?? "development"
    const secretKey =
      options.secretKey ?? (instance === "development" ? "sk_test_effect_clerk" : "sk_live_effect_clerk")
    const engine = Engine.make({
      secretKey: Redacted.isRedacted(secretKey) ? secretKey : Redacted.make(secretKey),
      instance,
      templates: options.templates ?? {},
      sessionLifetime: Duration.decode(options.sessionLifetime ?? "7 days"),
      inactivityLifetime: Duration.decode(options.inactivityLifetime ?? "30 days"),
      tokenLifetime: Duration.decode(options.tokenLifetime ?? "60 seconds"),
      seed: options.seed ?? "effect-clerk",
      keyPair: options.keyPair
    })
    for (const user of options.users ?? []) engine.state.addUser(user)
    for (const session of options.sessions ?? []) engine.state.addSession(session, now)
    const service: Service = {
      secretKey: Redacted.isRedacted(secretKey) ? secretKey : Redacted.make(secretKey),
      requests: Effect.sync(() => engine.requests.slice()),
      sessions: Effect.map(Clock.currentTimeMillis, engine.state.sessions),
      addUser: (id) => Effect.sync(() => engine.state.addUser(id)),
      addSession: (seed) => Effect.map(Clock.currentTimeMillis, (now) => engine.state.addSession(seed, now)),
      setStatus: (id, status) =>
        Effect.map(Clock.currentTimeMillis, (now) => void engine.state.setStatus(id, status, now)),
      refreshToken: (id) => Effect.sync(() => engine.state.refreshToken(id) ?? ""),
      fail: (fault, { operation, times = 1 } = {}) =>
        Effect.sync(() => engine.faults.add(fault, operation, times))
    }
    return { engine, service }
  })

export const layer = (options: Options = {}): Layer.Layer<HttpClient.HttpClient | ClerkTest> =>
  Layer.effectContext(
    Effect.map(make(options), ({ engine, service }) =>
      Context.make(HttpClient.HttpClient, Client.make(engine.handle)).pipe(Context.add(ClerkTest, service))
    )
  )

export const layerServer = (options: Options = {}): Layer.Layer<ClerkTest, never, HttpServer.HttpServer> =>
  Layer.scoped(
    ClerkTest,
    Effect.gen(function* () {
      const { engine, service } = yield* make(options)
      yield* Server.serve(engine.handle)
      return service
    })
  )
