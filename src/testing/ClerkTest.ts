/**
 * A whole Clerk to test against, in memory or on a loopback port.
 *
 * @module
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpServer from "@effect/platform/HttpServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"

import * as ClerkConfig from "../ClerkConfig.js"
import type * as ClerkError from "../ClerkError.js"
import type * as Session from "../Session.js"
import * as Client from "./internal/client.js"
import { ConnectionLost, type Handler } from "./internal/connection.js"
import { defaultKey, example, make, type Options, type Service } from "./internal/embedded.js"
import * as Mock from "./internal/mock.js"
import * as Server from "./internal/server.js"
import type { SessionInit } from "./internal/session.js"

/**
 * What can go wrong on the way to Clerk and back.
 *
 * @since 0.1.0
 */
export * as Fault from "./Fault.js"

export type {
  /** @since 0.1.0 */
  Options,
  /** @since 0.1.0 */
  Service
} from "./internal/embedded.js"
export type {
  /** @since 0.1.0 */
  RecordedRequest
} from "./internal/engine.js"
export type {
  /** @since 0.1.0 */
  Mocks
} from "./internal/mock.js"
export type {
  /** @since 0.1.0 */
  Operation
} from "./internal/routes.js"
export type {
  /** @since 0.1.0 */
  SessionInit
} from "./internal/session.js"
export type {
  /** @since 0.1.0 */
  Template
} from "./internal/tokens.js"

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
 * retries and timeouts alike. Every build has its own users and sessions; ids are the same in every run.
 *
 * @example
 * ```ts
 * import { Sessions } from "effect-clerk"
 * import { ClerkTest } from "effect-clerk/testing"
 * import { Effect, TestClock } from "effect"
 *
 * export const expired = Effect.gen(function* () {
 *   yield* TestClock.adjust("8 days")
 *   return yield* Sessions.list({ userId: "user_1", status: "expired" })
 * }).pipe(Effect.provide(ClerkTest.layer({ sessions: [{ userId: "user_1" }] })))
 * ```
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
 * Details: the client needs an `HttpClient` of its own, such as `FetchHttpClient.layer`. Other programs reach it at the
 * `apiUrl` and with the `secretKey` of the `ClerkConfig`.
 *
 * @example
 * ```ts
 * import { NodeHttpServer } from "@effect/platform-node"
 * import { ClerkTest } from "effect-clerk/testing"
 * import { Layer } from "effect"
 * import { createServer } from "node:http"
 *
 * export const ServerLive = ClerkTest.layerServer({ users: ["user_1"] }).pipe(
 *   Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
 * )
 * ```
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

/**
 * Stand-ins for single operations, behind the real client.
 *
 * Details: what a stand-in gives is encoded to an answer of Clerk's and decoded again by the real operation, failures
 * included. An operation without a stand-in dies with a message that names it. Nothing is repeated unless
 * `config.retry` says so: a stand-in stands for the whole operation.
 *
 * Gotchas: a `Timeout` is a request that nobody answers, so that the client's own timeout has to pass. `detail` of a
 * `DecodeError` is the client's own. `InvalidRequest` cannot be given: it is decided before anything is sent.
 *
 * @example
 * ```ts
 * import { ClerkError } from "effect-clerk"
 * import { ClerkTest } from "effect-clerk/testing"
 * import { Effect } from "effect"
 *
 * export const ClerkMock = ClerkTest.layerMock({
 *   get: (id) => Effect.succeed(ClerkTest.session({ id })),
 *   revoke: () =>
 *     Effect.fail(
 *       new ClerkError.NotFound({ operation: "Sessions.revoke", method: "POST", path: "/v1/sessions/sess_1/revoke" })
 *     )
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMock = (
  mocks: Mock.Mocks,
  options: { readonly config?: Partial<ClerkConfig.Options> | undefined } = {}
): Layer.Layer<HttpClient.HttpClient | ClerkConfig.ClerkConfig> =>
  layerExchange(Mock.handler(mocks), { retry: Schedule.stop, ...options.config })

/**
 * The raw exchange: every request of the real client, as the web's `Request`, and what you answer to it.
 *
 * Details: a failure of the handler is a connection that breaks before there is an answer. Retries and timeouts are
 * those of the client's settings, the defaults unless `config` says otherwise.
 *
 * @example
 * ```ts
 * import { ClerkTest } from "effect-clerk/testing"
 * import { Effect } from "effect"
 *
 * export const ClerkDown = ClerkTest.layerHandler(() =>
 *   Effect.succeed(new Response("<h1>Bad Gateway</h1>", { status: 502 }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHandler = (
  handler: (request: Request) => Effect.Effect<Response, Error>,
  options: { readonly config?: Partial<ClerkConfig.Options> | undefined } = {}
): Layer.Layer<HttpClient.HttpClient | ClerkConfig.ClerkConfig> =>
  layerExchange(
    (request) => Effect.mapError(handler(request), (cause) => new ConnectionLost({ cause })),
    options.config
  )

const layerExchange = (handler: Handler, config: Partial<ClerkConfig.Options> | undefined) =>
  Layer.merge(
    Layer.succeed(HttpClient.HttpClient, Client.make(handler)),
    Layer.effect(ClerkConfig.ClerkConfig, settings({ secretKey: Redacted.make(defaultKey()), ...config }))
  )

/**
 * A plausible session: active, created at the epoch (where a `TestClock` starts), with Clerk's default lifetimes.
 *
 * Details: always the same one, but for what is given.
 *
 * @since 0.1.0
 * @category fixtures
 */
export const session = (overrides: SessionInit = {}): Session.Session => example(overrides)

/**
 * Entries of an error envelope, from codes alone or with more to say.
 *
 * @example
 * ```ts
 * import { ClerkTest } from "effect-clerk/testing"
 *
 * export const refused = ClerkTest.Fault.status(
 *   422,
 *   ClerkTest.errors("form_param_missing", { code: "form_param_unknown", meta: { param_name: "usr_id" } })
 * )
 * ```
 *
 * @since 0.1.0
 * @category fixtures
 */
export const errors = (
  ...entries: ReadonlyArray<
    | string
    | {
        readonly code: string
        readonly message?: string | undefined
        readonly longMessage?: string | undefined
        readonly meta?: Readonly<Record<string, unknown>> | undefined
      }
  >
): ReadonlyArray<ClerkError.ErrorEntry> =>
  entries.map((entry) => {
    const { code, longMessage, message, meta = {} } = typeof entry === "string" ? { code: entry } : entry
    return {
      code,
      message: message ?? code.replaceAll("_", " "),
      longMessage: Option.fromNullable(longMessage),
      meta
    }
  })

/**
 * The refresh token that a session of the Clerk in the environment accepts.
 *
 * @since 0.1.0
 * @category accessors
 */
export const refreshToken = (sessionId: string): Effect.Effect<Redacted.Redacted, never, ClerkTest> =>
  Effect.flatMap(ClerkTest, (clerk) => clerk.refreshToken(sessionId))

const settings = (options: ClerkConfig.Options) => Effect.orDie(ClerkConfig.make(options))
