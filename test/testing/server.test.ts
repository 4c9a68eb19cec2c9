import { createServer, request as httpRequest } from "node:http"
import { connect } from "node:net"

import { NodeHttpServer } from "@effect/platform-node"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServer from "@effect/platform/HttpServer"
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

import { entries, LoopbackServer, refusal, send } from "./utils.js"

const { Fault } = ClerkTest

const served = (options: ClerkTest.Options = {}) =>
  Layer.merge(Layer.provide(ClerkTest.layerServer(options), LoopbackServer), FetchHttpClient.layer)

const seeded: ClerkTest.Options = {
  users: ["user_1"],
  sessions: [{ id: "sess_1", userId: "user_1" }],
  templates: { "a template. of/mine": { claims: { role: "editor" } } }
}

/** Writes bytes that no HTTP client would, and reads until the other side closes. */
const raw = (bytes: string) =>
  Effect.flatMap(ClerkConfig.ClerkConfig, ({ apiUrl }) =>
    Effect.async<string>((resume) => {
      let answer = ""
      const socket = connect(Number(new URL(apiUrl).port), "127.0.0.1", () => socket.write(bytes))
      socket.setEncoding("utf8").on("data", (chunk) => (answer += chunk))
      socket.on("close", () => resume(Effect.succeed(answer)))
    })
  )

describe("the Clerk on a port", () => {
  it.live("serves all seven operations to the client that its settings lead to", () =>
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
      assert.lengthOf(yield* clerk.requests, 9)
    }).pipe(Effect.provide(served(seeded)))
  )

  it.live("serves clients that say little, and clients that say odd things", () =>
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

  it.live("answers with application/json to the letter, whatever the answer", () =>
    Effect.gen(function* () {
      for (const answer of [
        yield* send("GET", "/v1/sessions"),
        yield* send("GET", "/v1/nowhere"),
        yield* send("POST", "/v1/sessions", { body: "{" }),
        yield* send("GET", "/v1/sessions", { headers: {} }),
        yield* send("GET", "/v1/jwks")
      ]) {
        assert.strictEqual(answer.headers["content-type"], "application/json")
      }
    }).pipe(Effect.provide(served()))
  )

  it.live("answers what it cannot use with an envelope, and the next request as ever", () =>
    Effect.gen(function* () {
      const big = new Uint8Array(3 * 1024 * 1024).fill(0x20)
      for (const [answer, expected] of [
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
        const refused = yield* answer
        deepStrictEqual(refusal(refused), [...expected])
        assert.isString(entries(refused)[0]?.long_message)
        assert.strictEqual((yield* Sessions.get("sess_1")).status, "active")
      }
    }).pipe(Effect.provide(served(seeded)))
  )

  it.live("survives requests that are hardly any", () =>
    Effect.gen(function* () {
      const { apiUrl, secretKey } = yield* ClerkConfig.ClerkConfig
      const key = `Authorization: Bearer ${Redacted.value(secretKey)}`
      const host = "Host: localhost\r\nConnection: close"
      assert.match(yield* raw("no HTTP at all\r\n\r\n"), /^HTTP\/1\.1 400/)
      assert.match(
        yield* raw(`TRACE /v1/sessions HTTP/1.1\r\n${host}\r\n\r\n`),
        /^HTTP\/1\.1 500[^]*"errors":\[/
      )
      assert.match(yield* raw(`GET http://[ HTTP/1.1\r\n${host}\r\n\r\n`), /^HTTP\/1\.1 500[^]*"errors":\[/)
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

  it.live("lets the faults befall real connections", () =>
    Effect.gen(function* () {
      const clerk = yield* ClerkTest.ClerkTest
      const failure = <A, E, R>(operation: Effect.Effect<A, E, R>) =>
        Effect.flip(ClerkConfig.withoutRetry(operation))
      yield* clerk.fail(Fault.reset)
      assert.instanceOf(yield* failure(Sessions.revoke("sess_1")), ClerkError.TransportError)
      assert.strictEqual((yield* Sessions.get("sess_1")).status, "active")
      yield* clerk.fail(Fault.lost)
      assert.instanceOf(yield* failure(Sessions.revoke("sess_1")), ClerkError.TransportError)
      assert.strictEqual((yield* Sessions.get("sess_1")).status, "revoked")
      yield* clerk.fail(Fault.garbled)
      assert.instanceOf(yield* failure(Sessions.get("sess_1")), ClerkError.DecodeError)
      yield* clerk.fail(Fault.rateLimited("3 seconds"))
      assert.instanceOf(yield* failure(Sessions.get("sess_1")), ClerkError.RateLimited)
      yield* clerk.fail(Fault.hang)
      const hung = failure(Sessions.get("sess_1")).pipe(ClerkConfig.withTimeout("50 millis"))
      assert.instanceOf(yield* hung, ClerkError.Timeout)
      yield* clerk.fail(Fault.delay("20 millis"))
      assert.strictEqual((yield* Sessions.get("sess_1")).id, "sess_1")
    }).pipe(Effect.provide(served(seeded)))
  )

  it.live("stops at once, requests that hang and connections kept alive included", () =>
    Effect.gen(function* () {
      const server = createServer()
      const ServerLive = ClerkTest.layerServer(seeded).pipe(
        Layer.provide(NodeHttpServer.layer(() => server, { host: "127.0.0.1", port: 0 })),
        Layer.merge(FetchHttpClient.layer)
      )
      const hanging = yield* Effect.gen(function* () {
        const clerk = yield* ClerkTest.ClerkTest
        yield* Sessions.get("sess_1")
        yield* clerk.fail(Fault.hang)
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

  it.live("leaves a line about every request in the debug log, and no secret", () =>
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
        yield* clerk.fail(Fault.reset)
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

describe("the Clerk on a server of another platform", () => {
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

  it.scoped("serves requests of the web, and a 502 where it cannot drop a connection", () =>
    Effect.gen(function* () {
      const { clerk, get } = yield* served(tcp("127.0.0.1"))
      assert.strictEqual((yield* get)?.status, 200)
      yield* clerk.fail(Fault.reset)
      const response = yield* get
      assert.strictEqual(response?.status, 502)
      assert.match(String(response?.headers.get("content-type")), /^text\/plain/)
    })
  )

  it.scoped("is found on loopback, whatever it listens on", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* served(tcp("0.0.0.0"))).apiUrl, "http://127.0.0.1:1234")
      assert.strictEqual((yield* served(tcp("::"))).apiUrl, "http://127.0.0.1:1234")
      assert.strictEqual((yield* served(tcp("::1"))).apiUrl, "http://[::1]:1234")
      const exit = yield* Effect.exit(served({ _tag: "UnixAddress", path: "/tmp/clerk" }))
      assert.include(String(exit), "must listen on a TCP port")
    })
  )
})
