/**
 * A whole Clerk to test against, in memory or on a loopback port.
 *
 * @module
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

import * as ClerkConfig from "../ClerkConfig.js"
import type * as Session from "../Session.js"
import type { Fault } from "./Fault.js"
import * as Client from "./internal/client.js"
import * as Engine from "./internal/engine.js"
import type { Operation } from "./internal/routes.js"
import * as Server from "./internal/server.js"
import type { SessionInit } from "./internal/session.js"
import type { Template } from "./internal/tokens.js"

/**
 * @since 0.1.0
 */
export * as Fault from "./Fault.js"

export type { RecordedRequest } from "./internal/engine.js"
export type { Operation } from "./internal/routes.js"
export type { SessionInit } from "./internal/session.js"
export type { Template } from "./internal/tokens.js"

/**
 * What the Clerk of a test is like; everything has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The one key it accepts; a test key by default, a live one for a production instance. */
  readonly secretKey?: Redacted.Redacted | string | undefined
  /** A production instance refuses to create sessions; `"development"` by default. */
  readonly instance?: "development" | "production" | undefined
  /** The ids of users it knows from the start. */
  readonly users?: ReadonlyArray<string> | undefined
  /** Sessions it has from the start; their users are known with them. */
  readonly sessions?: ReadonlyArray<SessionInit> | undefined
  /** JWT templates by name. */
  readonly templates?: Readonly<Record<string, Template>> | undefined
  /** From the creation of a session to its end; 7 days by default. */
  readonly sessionLifetime?: Duration.DurationInput | undefined
  /** From the last activity of a session until it counts as abandoned; 30 days by default. */
  readonly inactivityLifetime?: Duration.DurationInput | undefined
  /** The lifetime of session tokens; 60 seconds by default. */
  readonly tokenLifetime?: Duration.DurationInput | undefined
  /** What ids and tokens that are made up are derived from; the same in every test by default. */
  readonly seed?: string | undefined
  /** An RS256 key pair to sign with; by default one is made when the first token is, and kept for the process. */
  readonly keyPair?: CryptoKeyPair | undefined
  /** Settings of the client, where they are to differ from what fits this Clerk. */
  readonly config?: Partial<ClerkConfig.Options> | undefined
}

/**
 * The hand that steers the Clerk of a test, and the eye that watches it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Every request it has seen so far, the oldest first. */
  readonly requests: Effect.Effect<ReadonlyArray<Engine.RecordedRequest>>
  /** Every session it has, the newest first. */
  readonly sessions: Effect.Effect<ReadonlyArray<Session.Session>>
  /** Makes a user known to it; without an id, one is made up. */
  readonly addUser: (id?: string) => Effect.Effect<Session.UserId>
  /** Adds a session, and its user with it. */
  readonly addSession: (init?: SessionInit) => Effect.Effect<Session.Session>
  /** Changes the status of a session as if something outside had; dies where there is no such session. */
  readonly setStatus: (sessionId: string, status: Session.SessionStatus) => Effect.Effect<Session.Session>
  /** The refresh token that the session accepts; dies where there is no such session. */
  readonly refreshToken: (sessionId: string) => Effect.Effect<Redacted.Redacted>
  /** Lets this befall the next requests, `times` of them (1 by default), of one operation or of any. */
  readonly fail: (
    fault: Fault,
    options?: { readonly operation?: Operation | undefined; readonly times?: number | undefined }
  ) => Effect.Effect<void>
}

/**
 * The Clerk of a test as a service.
 *
 * @since 0.1.0
 * @category services
 */
export class ClerkTest extends Context.Tag("effect-clerk/testing/ClerkTest")<ClerkTest, Service>() {}

/**
 * A Clerk in memory, its client settings, and an HTTP client that reaches nothing else.
 *
 * Details: requests are handled on the fiber that sends them, so that `TestClock` drives sessions, tokens, faults,
 * retries and timeouts alike. Every build has its own users and sessions.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options = {}
): Layer.Layer<HttpClient.HttpClient | ClerkConfig.ClerkConfig | ClerkTest> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const { engine, secretKey, service } = yield* make(options)
      return Context.empty().pipe(
        Context.add(HttpClient.HttpClient, Client.make(engine.handle)),
        Context.add(ClerkConfig.ClerkConfig, yield* settings({ secretKey, ...options.config })),
        Context.add(ClerkTest, service)
      )
    })
  )

/**
 * The same Clerk, served over the `HttpServer` that is provided, with client settings that lead to it.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerServer = (
  options: Options = {}
): Layer.Layer<ClerkConfig.ClerkConfig | ClerkTest, never, HttpServer.HttpServer> =>
  Layer.scopedContext(
    Effect.gen(function* () {
      const { engine, secretKey, service } = yield* make(options)
      const apiUrl = yield* Server.serve(engine.handle)
      return Context.empty().pipe(
        Context.add(ClerkConfig.ClerkConfig, yield* settings({ secretKey, apiUrl, ...options.config })),
        Context.add(ClerkTest, service)
      )
    })
  )

const settings = (options: ClerkConfig.Options) => Effect.orDie(ClerkConfig.make(options))

const make = (options: Options) =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    const instance = options.instance ?? "development"
    const key =
      options.secretKey ?? `sk_${instance === "production" ? "live" : "test"}_effectclerk0000000000000`
    const secretKey = Redacted.isRedacted(key) ? key : Redacted.make(key)
    const engine = Engine.make({
      secretKey,
      instance,
      templates: options.templates ?? {},
      sessionLifetime: Duration.decode(options.sessionLifetime ?? "7 days"),
      inactivityLifetime: Duration.decode(options.inactivityLifetime ?? "30 days"),
      tokenLifetime: Duration.decode(options.tokenLifetime ?? "60 seconds"),
      seed: options.seed ?? "effect-clerk",
      keyPair: options.keyPair
    })
    options.users?.forEach((id) => engine.state.addUser(id))
    options.sessions?.forEach((init) => engine.state.addSession(init, now))
    return { engine, secretKey, service: service(engine) }
  })

const service = ({ faults, requests, state }: Engine.Engine): Service => {
  const known = <A>(sessionId: string, value: A | undefined) =>
    value === undefined
      ? Effect.dieMessage(`ClerkTest: there is no session ${sessionId}`)
      : Effect.succeed(value)
  return {
    requests: Effect.sync(() => requests.slice()),
    sessions: Effect.map(Clock.currentTimeMillis, state.sessions),
    addUser: (id) => Effect.sync(() => state.addUser(id)),
    addSession: (init = {}) => Effect.map(Clock.currentTimeMillis, (now) => state.addSession(init, now)),
    setStatus: (sessionId, status) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        known(sessionId, state.setStatus(sessionId, status, now))
      ),
    refreshToken: (sessionId) =>
      Effect.suspend(() => Effect.map(known(sessionId, state.refreshToken(sessionId)), Redacted.make)),
    fail: (fault, { operation, times = 1 } = {}) => Effect.sync(() => faults.add(fault, operation, times))
  }
}
