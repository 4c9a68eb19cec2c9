/**
 * A fake Clerk for tests, in memory or on a loopback port.
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
import type * as Scope from "effect/Scope"

import * as ClerkConfig from "../ClerkConfig.js"
import type { ClerkErrors, CommonError, NotFound, Unauthorized } from "../ClerkError.js"
import { type ClientHint, withClientHint } from "../internal/clientHint.js"
import type { Session } from "../Session.js"
import * as Sessions from "../Sessions.js"
import * as Client from "./internal/client.js"
import { ConnectionLost } from "./internal/connection.js"
import { make, type Options, type Service } from "./internal/fakeClerk.js"
import * as Instance from "./internal/instance.js"
import * as Mock from "./internal/mock.js"
import { fromWeb } from "./internal/request.js"
import * as Server from "./internal/server.js"
import type { TokenOptions } from "./internal/tokens.js"

/**
 * The errors that a mock can fail with.
 *
 * @since 0.1.0
 */
export * as Failure from "./Failure.js"

/**
 * The faults that a fake Clerk can inject into a request.
 *
 * @since 0.1.0
 */
export * as Fault from "./Fault.js"

/**
 * Values for tests, and a `TestClock` that waits for real asynchronous work.
 *
 * @since 0.1.0
 */
export * from "./fixtures.js"

export type {
  /** @since 0.1.0 */
  AccessInit,
  /** @since 0.1.0 */
  OrganizationInit
} from "./internal/access.js"
export type {
  /** @since 0.1.0 */
  EntryInit
} from "./internal/entries.js"
export type {
  /** @since 0.1.0 */
  Options,
  /** @since 0.1.0 */
  Service
} from "./internal/fakeClerk.js"
export type {
  /** @since 0.1.0 */
  Mocks
} from "./internal/mock.js"
export type {
  /** @since 0.1.0 */
  RecordedRequest
} from "./internal/requestLog.js"
export type {
  /** @since 0.1.0 */
  Operation
} from "./internal/routes.js"
export type {
  /** @since 0.1.0 */
  ActivityInit,
  /** @since 0.1.0 */
  SessionInit
} from "./internal/session.js"
export type {
  /** @since 0.1.0 */
  SessionSeed
} from "./internal/state.js"
export type {
  /** @since 0.1.0 */
  Template,
  /** @since 0.1.0 */
  TokenOptions
} from "./internal/tokens.js"

/**
 * The fake Clerk of a test.
 *
 * @since 0.1.0
 * @category tags
 */
export class ClerkTest extends Context.Tag("effect-clerk/testing/ClerkTest")<ClerkTest, Service>() {}

/**
 * Provides a fake Clerk in memory, the settings of its client, and an HTTP client that reaches only this Clerk.
 *
 * **Details**
 *
 * Requests are handled on the fiber that sends them. A `TestClock` therefore moves sessions, tokens, faults, retries and
 * timeouts alike. Every build of the layer has its own users and sessions. Generated ids are the same in every run.
 *
 * **Gotchas**
 *
 * `NodeHttpServer.layerTest` provides an `HttpClient` too. Where that one is nearer to an operation, it fails with
 * `InvalidRequest`. Provide this layer to the program first, and the test server around it.
 *
 * **Example** (A session that expires)
 *
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
      const client = Client.make((request) => Effect.flatMap(fromWeb(request), engine.handle))
      return Context.empty().pipe(
        Context.add(HttpClient.HttpClient, client),
        Context.add(
          ClerkConfig.ClerkConfig,
          yield* settings({ secretKey, apiUrl: Instance.memoryUrl, ...options.config }, Client.explain)
        ),
        Context.add(ClerkTest, service)
      )
    })
  )

/**
 * Serves a fake Clerk over the given `HttpServer`, and provides the settings of a client that reaches it.
 *
 * **Details**
 *
 * The client needs an `HttpClient`, such as `FetchHttpClient.layer`. Other programs use the `apiUrl` and the `secretKey`
 * of the `ClerkConfig`, and the `publishableKey` and the `jwtKey` of the `ClerkTest`.
 *
 * **Example** (A fake Clerk on a free port)
 *
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
        Context.add(
          ClerkConfig.ClerkConfig,
          yield* settings({ secretKey, apiUrl, ...options.config }, Server.explain)
        ),
        Context.add(ClerkTest, service)
      )
    })
  )

/**
 * Mocks single operations behind the real client.
 *
 * **Details**
 *
 * The result of a mock, or its failure, is encoded to a response of Clerk; the real operation decodes that. An operation
 * without a mock dies with a message that names it. Nothing is retried unless `config.retry` says so.
 *
 * **Gotchas**
 *
 * A mock that fails with `Timeout` never responds, so the client's timeout has to pass. The `detail` of a `DecodeError`
 * comes from the client. A mock cannot fail with `InvalidRequest`.
 *
 * **Example** (Two mocks, one of which fails)
 *
 * ```ts
 * import { ClerkTest } from "effect-clerk/testing"
 * import { Effect } from "effect"
 *
 * export const ClerkMock = ClerkTest.layerMock({
 *   get: (id) => Effect.succeed(ClerkTest.session({ id })),
 *   revoke: () => Effect.fail(ClerkTest.Failure.notFound())
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMock = (
  mocks: Mock.Mocks,
  options: { readonly config?: Partial<ClerkConfig.Options> | undefined } = {}
): Layer.Layer<HttpClient.HttpClient | ClerkConfig.ClerkConfig> => {
  const handle = Mock.handler(mocks)
  return layerWeb((request) => Effect.flatMap(fromWeb(request), handle), {
    apiUrl: Instance.memoryUrl,
    retry: Schedule.stop,
    ...options.config
  })
}

/**
 * Gives every request of the real client to a handler, as a web `Request`.
 *
 * **Details**
 *
 * A handler that fails breaks the connection. Retries and timeouts are those of the client's settings.
 *
 * **Example** (A gateway that responds in Clerk's place)
 *
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
  layerWeb(
    (request) => Effect.mapError(handler(request), (cause) => new ConnectionLost({ cause })),
    options.config
  )

const layerWeb = (
  handler: (request: Request) => Effect.Effect<Response, ConnectionLost>,
  config: Partial<ClerkConfig.Options> | undefined
) =>
  Layer.merge(
    Layer.succeed(HttpClient.HttpClient, Client.make(handler)),
    Layer.effect(
      ClerkConfig.ClerkConfig,
      settings({ secretKey: Redacted.make(Instance.defaultKey()), ...config }, Client.explain)
    )
  )

/**
 * Returns the refresh token of a session of the fake Clerk.
 *
 * @since 0.1.0
 * @category accessors
 */
export const refreshToken = (sessionId: string): Effect.Effect<Redacted.Redacted, never, ClerkTest> =>
  Effect.flatMap(ClerkTest, (clerk) => clerk.refreshToken(sessionId))

/**
 * Mints a token of a session of the fake Clerk, as Clerk would or hand-made.
 *
 * **Details**
 *
 * The session can have any status; a token of a pending session says so. `claims` and `header` replace what Clerk would
 * write, so that a test can show that the program refuses the token.
 *
 * **Example** (Tokens that a program must refuse)
 *
 * ```ts
 * import { ClerkTest } from "effect-clerk/testing"
 * import { Effect } from "effect"
 *
 * export const forged = Effect.all({
 *   otherIssuer: ClerkTest.sessionToken("sess_1", { claims: { iss: "https://clerk.other.test" } }),
 *   template: ClerkTest.sessionToken("sess_1", { header: { cat: "cl_B7d4PD222AAA" } }),
 *   unsigned: ClerkTest.sessionToken("sess_1", { header: { alg: "none" } })
 * })
 * ```
 *
 * @since 0.1.0
 * @category accessors
 */
export const sessionToken = (
  sessionId: string,
  options?: TokenOptions
): Effect.Effect<Redacted.Redacted, never, ClerkTest> =>
  Effect.flatMap(ClerkTest, (clerk) => clerk.sessionToken(sessionId, options))

/**
 * Replaces the signing key of the fake Clerk. The previous key leaves the key set.
 *
 * @since 0.1.0
 * @category accessors
 */
export const rotateKeys: Effect.Effect<void, never, ClerkTest> = Effect.flatMap(
  ClerkTest,
  (clerk) => clerk.rotateKeys
)

/**
 * Creates a session and mints a token of it. Revokes the session when the scope closes.
 *
 * **Details**
 *
 * Works against a fake Clerk and against a development instance. A fake Clerk in the context gets the user first; a
 * development instance must have it.
 *
 * **Example** (A request of a signed-in user)
 *
 * ```ts
 * import { ClerkTest } from "effect-clerk/testing"
 * import { Effect, Redacted } from "effect"
 *
 * export const headers = Effect.map(ClerkTest.signedIn({ userId: "user_1" }), ({ token }) => ({
 *   authorization: `Bearer ${Redacted.value(token)}`
 * }))
 * ```
 *
 * @since 0.1.0
 * @category fixtures
 */
export const signedIn = (
  params: Sessions.CreateParams
): Effect.Effect<
  { readonly session: Session; readonly token: Redacted.Redacted },
  ClerkErrors | NotFound | Unauthorized | CommonError,
  HttpClient.HttpClient | ClerkConfig.ClerkConfig | Scope.Scope
> =>
  Effect.gen(function* () {
    const fake = yield* Effect.serviceOption(ClerkTest)
    if (Option.isSome(fake)) yield* fake.value.addUser(params.userId)
    const session = yield* Effect.acquireRelease(Sessions.create(params), ({ id }) =>
      Effect.ignoreLogged(Sessions.revoke(id))
    )
    const { jwt } = yield* Sessions.createToken(session.id)
    return { session, token: jwt }
  })

const settings = (options: ClerkConfig.Options, hint: ClientHint) =>
  Effect.map(Effect.orDie(ClerkConfig.make(options)), (settings) => withClientHint(settings, hint))
