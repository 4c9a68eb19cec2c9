import { createServer, request as httpRequest } from "node:http"
import { connect } from "node:net"

import { NodeHttpServer } from "@effect/platform-node"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { ClerkConfig, ClerkError, Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

import { entries, LoopbackServer, statusAndCodes, send } from "./utils.js"

const { Fault } = ClerkTest

const served = (options: ClerkTest.Options = {}) =>
  Layer.merge(Layer.provide(ClerkTest.layerServer(options), LoopbackServer), FetchHttpClient.layer)

const seeded: ClerkTest.Options = {
  users: ["user_1"],
  sessions: [{ id: "sess_1", userId: "user_1" }],
  templates: { "a template. of/mine": { claims: { role: "editor" } } }
}

/** Writes raw bytes and reads until the server closes the connection. */
const raw = (bytes: string) =>
  Effect.flatMap(ClerkConfig.ClerkConfig, ({ apiUrl }) =>
    Effect.async<string>((resume) => {
      let response = ""
      const socket = connect(Number(new URL(apiUrl).port), "127.0.0.1", () => socket.write(bytes))
      socket.setEncoding("utf8").on("data", (chunk) => (response += chunk))
      socket.on("close", () => resume(Effect.succeed(response)))
    })
  )

describe("the fake Clerk on a port", () => {
  it.live("serves all seven operations", () =>
    Effect.gen(function* () {
      const { apiUrl } = yield* ClerkConfig.ClerkConfig
      assert.match(apiUrl, /^http:\/\/127\.0\.0\.1:\d+$/)
      const { id } = yield* Sessions.create({ userId: "user_1" })
      const list = yield* Sessions.list({ userId: "user_1" })
      deepStrictEqual(
        list.map((session) => session.id as string),
        [id, "sess_1"]
      )
      assert.lengthOf(yield* Stream.runCollect(Sessions.stream({ userId: "user_1", pageSize: 1 })), 2)
      assert.strictEqual((yield* Sessions.get(id)).status, "active")
      const { jwt } = yield* Sessions.createToken(id, { expiresIn: "1 hour" })
      yield* Sessions.createTokenFromTemplate(id, "a template. of/mine")
      yield* Sessions.refresh(id, {
        expiredToken: jwt,
        refreshToken: yield* ClerkTest.refreshToken(id),
        requestOrigin: "https://app.example.com"
      })
      assert.strictEqual((yield* Sessions.revoke(id)).status, "revoked")
      const clerk = yield* ClerkTest.ClerkTest
      assert.lengthOf(yield* clerk.requests, 10)
    }).pipe(Effect.provide(served(seeded)))
  )

  it.live("accepts missing and unusual headers", () =>
    Effect.gen(function* () {
      const { secretKey } = yield* ClerkConfig.ClerkConfig
      const key = { authorization: `Bearer ${Redacted.value(secretKey)}` }
      const status = (...args: Parameters<typeof send>) => Effect.map(send(...args), ({ status }) => status)
      assert.strictEqual(yield* status("GET", "/v1/sessions"), 200)
      assert.strictEqual(
        yield* status("GET", "/v1/sessions", { headers: { ...key, "clerk-api-version": "2021-02-05" } }),
        200
      )
      assert.strictEqual(
        yield* status("GET", "/v1/sessions", {
          headers: { AUTHORIZATION: `bearer  ${key.authorization.slice(7)} ` }
        }),
        200
      )
      for (const path of ["/v1/sessions/sess_1/tokens", "/v1/sessions/sess_1/revoke"]) {
        assert.strictEqual(yield* status("POST", path), 200)
        assert.strictEqual(yield* status("POST", path, { body: "{}" }), 200)
        const clerk = yield* ClerkTest.ClerkTest
        yield* clerk.setStatus("sess_1", "active")
        for (const contentType of [
          "application/x-www-form-urlencoded",
          "text/plain",
          "multipart/form-data"
        ]) {
          const headers = { ...key, "content-type": contentType }
          assert.strictEqual(yield* status("POST", path, { headers }), 200, `${path} as ${contentType}`)
          assert.strictEqual(yield* status("POST", path, { body: "", contentType }), 200)
          yield* clerk.setStatus("sess_1", "active")
        }
      }
      const created = yield* send("POST", "/v1/sessions", {
        body: '{"user_id":"user_1"}',
        contentType: "text/plain"
      })
      assert.strictEqual(created.status, 200)
    }).pipe(Effect.provide(served(seeded)))
  )

  it.live("responds with exactly application/json", () =>
    Effect.gen(function* () {
      for (const response of [
        yield* send("GET", "/v1/sessions"),
        yield* send("GET", "/v1/nowhere"),
        yield* send("POST", "/v1/sessions", { body: "{" }),
        yield* send("GET", "/v1/sessions", { headers: {} }),
        yield* send("GET", "/v1/jwks")
      ]) {
        assert.strictEqual(response.headers["content-type"], "application/json")
      }
    }).pipe(Effect.provide(served()))
  )

  it.live("responds to invalid requests with an envelope and serves the next request", () =>
    Effect.gen(function* () {
      const big = new Uint8Array(3 * 1024 * 1024).fill(0x20)
      for (const [request, expected] of [
        [send("POST", "/v1/sessions", { body: '{"user_id":' }), [400, "request_body_invalid"]],
        [send("POST", "/v1/sessions", { body: "user_id=user_1" }), [400, "request_body_invalid"]],
        [
          send("POST", "/v1/sessions", { body: new Uint8Array([0xff, 0xfe, 0x00]) }),
          [400, "request_body_invalid"]
        ],
        [send("POST", "/v1/sessions", { body: '{"user_id":{}}' }), [422, "form_param_format_invalid"]],
        [send("POST", "/v1/sessions", { body: big }), [413, "request_body_too_large"]],
        [send("POST", "/v1/nowhere", { body: big }), [404, "resource_not_found"]],
        [send("GET", "/"), [404, "resource_not_found"]],
        [send("GET", "/v1/sessions/%"), [404, "resource_not_found"]],
        [send("PATCH", "/v1/sessions/sess_1", { body: "{}" }), [405, "method_not_allowed"]],
        [send("GET", "/v1/sessions?limit=%00"), [422, "form_param_format_invalid"]]
      ] as const) {
        const refused = yield* request
        deepStrictEqual(statusAndCodes(refused), [...expected])
        assert.isString(entries(refused)[0]?.long_message)
        assert.strictEqual((yield* Sessions.get("sess_1")).status, "active")
      }
    }).pipe(Effect.provide(served(seeded)))
  )

  it.live("responds to malformed requests with 4xx and serves the next request", () =>
    Effect.gen(function* () {
      const { apiUrl, secretKey } = yield* ClerkConfig.ClerkConfig
      const key = `Authorization: Bearer ${Redacted.value(secretKey)}`
      const host = "Host: localhost\r\nConnection: close"
      assert.match(yield* raw("no HTTP at all\r\n\r\n"), /^HTTP\/1\.1 400/)
      for (const [line, status] of [
        ["TRACE /v1/sessions", 405],
        ["GET http://[", 404],
        ["GET //", 404],
        ["GET ///x", 404],
        ["GET //evil/v1/sessions", 404],
        ["GET /v1//sessions", 404],
        ["OPTIONS *", 404],
        ["GET /v1/sessions?user_id=user_1#fragment", 200],
        ["GET http://any.test/v1/sessions", 200]
      ] as const) {
        const response = yield* raw(`${line} HTTP/1.1\r\n${host}\r\n${key}\r\n\r\n`)
        assert.match(response, new RegExp(`^HTTP/1\\.1 ${status} `), line)
        if (status !== 200) assert.include(response, '"errors":[', line)
      }
      for (const wrong of ["", "Host: [", "Host: a b c", "Host: \x80"]) {
        const head = wrong === "" ? "" : `${wrong}\r\n`
        const request = `GET /v1/sessions HTTP/1.0\r\n${head}${key}\r\n\r\n`
        assert.match(yield* raw(request), /^HTTP\/1\.1 200 /, wrong)
      }
      assert.match(yield* raw(`HEAD /v1/sessions HTTP/1.1\r\n${host}\r\n${key}\r\n\r\n`), /^HTTP\/1\.1 405/)
      const chunked = `POST /v1/sessions HTTP/1.1\r\n${host}\r\n${key}\r\nTransfer-Encoding: chunked\r\n\r\n`
      assert.match(yield* raw(`${chunked}14\r\n{"user_id":"user_1"}\r\n0\r\n\r\n`), /^HTTP\/1\.1 200/)
      // A client that goes away in the middle of its body.
      yield* Effect.async<void>((resume) => {
        const url = `${apiUrl}/v1/sessions`
        const request = httpRequest(url, { method: "POST", headers: { "content-length": "100" } })
        request.on("error", () => resume(Effect.void))
        request.write("{", () => request.destroy())
      })
      assert.strictEqual((yield* Sessions.get("sess_1")).status, "active")
    }).pipe(Effect.provide(served(seeded)))
  )

  it.live("injects faults into real connections", () =>
    Effect.gen(function* () {
      const clerk = yield* ClerkTest.ClerkTest
      const failure = <A, E, R>(operation: Effect.Effect<A, E, R>) =>
        Effect.flip(ClerkConfig.withoutRetry(operation))
      yield* clerk.inject(Fault.reset)
      assert.instanceOf(yield* failure(Sessions.revoke("sess_1")), ClerkError.TransportError)
      assert.strictEqual((yield* Sessions.get("sess_1")).status, "active")
      yield* clerk.inject(Fault.responseLost)
      assert.instanceOf(yield* failure(Sessions.revoke("sess_1")), ClerkError.TransportError)
      assert.strictEqual((yield* Sessions.get("sess_1")).status, "revoked")
      yield* clerk.inject(Fault.truncated)
      assert.instanceOf(yield* failure(Sessions.get("sess_1")), ClerkError.DecodeError)
      yield* clerk.inject(Fault.rateLimited("3 seconds"))
      assert.instanceOf(yield* failure(Sessions.get("sess_1")), ClerkError.RateLimited)
      yield* clerk.inject(Fault.hang)
      const hung = failure(Sessions.get("sess_1")).pipe(ClerkConfig.withTimeout("50 millis"))
      assert.instanceOf(yield* hung, ClerkError.Timeout)
      yield* clerk.inject(Fault.delay("20 millis"))
      assert.strictEqual((yield* Sessions.get("sess_1")).id, "sess_1")
    }).pipe(Effect.provide(served(seeded)))
  )

  it.live("stops at once despite hanging requests and idle connections", () =>
    Effect.gen(function* () {
      const server = createServer()
      const ServerLive = ClerkTest.layerServer(seeded).pipe(
        Layer.provide(NodeHttpServer.layer(() => server, { host: "127.0.0.1", port: 0 })),
        Layer.merge(FetchHttpClient.layer)
      )
      const hanging = yield* Effect.gen(function* () {
        const clerk = yield* ClerkTest.ClerkTest
        yield* Sessions.get("sess_1")
        yield* clerk.inject(Fault.hang)
        const arrived = yield* Effect.fork(
          Effect.async((resume) => void server.once("request", () => resume(Effect.void)))
        )
        const fiber = yield* Effect.forkDaemon(Effect.flip(ClerkConfig.withoutRetry(Sessions.get("sess_1"))))
        yield* Fiber.join(arrived)
        return fiber
      }).pipe(Effect.provide(ServerLive))
      assert.isFalse(server.listening)
      assert.instanceOf(yield* Fiber.join(hanging), ClerkError.TransportError)
    })
  )

  it.live("logs a debug line per request without secrets", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(String(message)))
      const LoggerLive = Layer.mergeAll(
        Logger.replace(Logger.defaultLogger, logger),
        Logger.minimumLogLevel(LogLevel.Debug),
        // The platform ends the fiber of a request whose client has gone away with a failure.
        Layer.setUnhandledErrorLogLevel(Option.none())
      )
      yield* Effect.gen(function* () {
        const clerk = yield* ClerkTest.ClerkTest
        yield* Sessions.get("sess_1")
        yield* Effect.flip(Sessions.get("sess_none"))
        yield* clerk.inject(Fault.reset)
        yield* Effect.flip(ClerkConfig.withoutRetry(Sessions.get("sess_1")))
      }).pipe(Effect.provide(Layer.provide(served(seeded), LoggerLive)))
      deepStrictEqual(
        lines.map((line) => line.replace(/\d+ ms$/, "… ms")),
        [
          "GET /v1/sessions/sess_1 200 … ms",
          "GET /v1/sessions/sess_none 404 … ms",
          "GET /v1/sessions/sess_1 connection lost … ms"
        ]
      )
    })
  )
})

describe("an HttpClient that is nearer than the one of the fake", () => {
  const explained = (error: unknown, ...names: ReadonlyArray<string>) => {
    assert.instanceOf(error, ClerkError.InvalidRequest)
    for (const name of names) assert.include(error.message, name)
  }

  it.effect("fails at once with a message that names HttpClient and ClerkTest", () =>
    Effect.gen(function* () {
      for (const nearer of [NodeHttpServer.layerTest, FetchHttpClient.layer]) {
        const error = yield* Effect.flip(Sessions.get("sess_1")).pipe(Effect.provide(nearer))
        explained(error, "HttpClient", "ClerkTest", "NodeHttpServer.layerTest")
        const created = yield* Effect.flip(Sessions.create({ userId: "user_1" })).pipe(Effect.provide(nearer))
        explained(created, "HttpClient", "ClerkTest", "NodeHttpServer.layerTest")
      }
    }).pipe(Effect.provide(ClerkTest.layer(seeded)))
  )

  it.scoped("explains the client of a test server beside layerServer", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Sessions.get("sess_1"))
      explained(error, "HttpClient", "ClerkTest.layerServer", "FetchHttpClient.layer")
    }).pipe(Effect.provide(Layer.provideMerge(ClerkTest.layerServer(seeded), NodeHttpServer.layerTest)))
  )

  it.scoped("does not matter where the program gets the layer of the fake first", () =>
    Effect.gen(function* () {
      const app = Effect.map(Sessions.get("sess_1"), ({ status }) => HttpServerResponse.text(status))
      yield* HttpServer.serveEffect(Effect.provide(app, ClerkTest.layer(seeded)))
      const response = yield* HttpClient.get("/")
      assert.strictEqual(yield* response.text, "active")
    }).pipe(Effect.provide(NodeHttpServer.layerTest))
  )
})

describe("the fake Clerk on a server of another platform", () => {
  type Handler = ReturnType<typeof HttpApp.toWebHandler>

  /** Where a server at this address is found, and what it does with a request of the web. */
  const served = (address: HttpServer.Address) =>
    Effect.gen(function* () {
      let handler: Handler | undefined
      const server = HttpServer.make({
        address,
        // A server takes applications of any kind; this one is given nothing but what the layer makes.
        serve: (app) => Effect.sync(() => (handler = HttpApp.toWebHandler(app as HttpApp.Default)))
      })
      const context = yield* Layer.build(
        Layer.provide(ClerkTest.layerServer(seeded), Layer.succeed(HttpServer.HttpServer, server))
      )
      const { apiUrl, secretKey } = Context.get(context, ClerkConfig.ClerkConfig)
      const headers = { authorization: `Bearer ${Redacted.value(secretKey)}` }
      const get = Effect.promise(async () =>
        handler?.(new Request(`${apiUrl}/v1/sessions/sess_1`, { headers }))
      )
      return { apiUrl, get, clerk: Context.get(context, ClerkTest.ClerkTest) }
    })

  const tcp = (hostname: string) => ({ _tag: "TcpAddress", hostname, port: 1234 }) as const

  it.scoped("serves web requests, and responds with 502 where it cannot close a connection", () =>
    Effect.gen(function* () {
      const { clerk, get } = yield* served(tcp("127.0.0.1"))
      assert.strictEqual((yield* get)?.status, 200)
      yield* clerk.inject(Fault.reset)
      const response = yield* get
      assert.strictEqual(response?.status, 502)
      assert.match(String(response?.headers.get("content-type")), /^text\/plain/)
    })
  )

  it.scoped("has a loopback URL for every address", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* served(tcp("0.0.0.0"))).apiUrl, "http://127.0.0.1:1234")
      assert.strictEqual((yield* served(tcp("::"))).apiUrl, "http://127.0.0.1:1234")
      assert.strictEqual((yield* served(tcp("::1"))).apiUrl, "http://[::1]:1234")
      const exit = yield* Effect.exit(served({ _tag: "UnixAddress", path: "/tmp/clerk" }))
      assert.include(String(exit), "must listen on a TCP port")
    })
  )
})
