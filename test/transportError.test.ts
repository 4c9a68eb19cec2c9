import * as Net from "node:net"
import * as Tls from "node:tls"

import * as HttpClient from "@effect/platform/HttpClient"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { ClerkConfig, ClerkError, Sessions } from "effect-clerk"
import * as ClerkUndici from "effect-clerk/undici"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"

import * as Config from "./support/config.js"
import * as Server from "./support/faultServer.js"
import * as Mock from "./support/mock.js"
import type { Call } from "./support/operations.js"
import * as Respond from "./support/respond.js"
import { certificate, key } from "./support/selfSigned.js"
import * as Transports from "./support/transports.js"

const get = Sessions.get("sess_1")
const create = Sessions.create({ userId: "user_1" })

/** Runs a call over a client, and returns its error and the number of attempts. */
const fail = (call: Call, client: Layer.Layer<HttpClient.HttpClient>, apiUrl: string) =>
  Effect.gen(function* () {
    let attempts = 0
    const counting = Layer.effect(
      HttpClient.HttpClient,
      Effect.map(
        HttpClient.HttpClient,
        HttpClient.tapRequest(() =>
          Effect.sync(() => {
            attempts++
          })
        )
      )
    )
    const exit = yield* Effect.exit(call).pipe(
      Effect.provide(Layer.provide(counting, client)),
      Effect.provide(Config.layer({ apiUrl, retry: Config.quickRetries }))
    )
    const error = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined
    assert(error?._tag === "TransportError", String(exit))
    return { attempts, error }
  })

/** A TLS server with a self-signed certificate. */
const tlsServer = Effect.acquireRelease(
  Effect.async<{ readonly url: string; readonly requests: () => number; readonly close: () => void }>(
    (resume) => {
      let requests = 0
      const server = Tls.createServer({ cert: certificate, key }, (socket) => {
        socket.on("data", () => {
          requests++
        })
        socket.on("error", () => {})
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = address !== null && typeof address === "object" ? address.port : 0
        resume(
          Effect.succeed({
            url: `https://127.0.0.1:${port}`,
            requests: () => requests,
            close: () => server.close()
          })
        )
      })
    }
  ),
  ({ close }) => Effect.sync(close)
)

/** A server of HTTP alone, which responds to the first message of TLS, too. */
const plainServer = Effect.acquireRelease(
  Effect.async<{ readonly port: number; readonly close: () => void }>((resume) => {
    const server = Net.createServer((socket) => {
      socket.on("data", () => socket.end("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"))
      socket.on("error", () => {})
    })
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = address !== null && typeof address === "object" ? address.port : 0
      resume(Effect.succeed({ port, close: () => server.close() }))
    })
  }),
  ({ close }) => Effect.sync(close)
)

/** A label of a host may have 63 characters, so that no name server is asked. */
const unknownHost = `https://${"x".repeat(64)}.invalid`

for (const transport of Transports.all) {
  describe(`over ${transport}, a TransportError`, () => {
    const client = Transports.layer(transport)

    it.scopedLive("of a connection refused says connect, and every operation is retried", () =>
      Effect.gen(function* () {
        const apiUrl = `http://127.0.0.1:${yield* Server.freePort}`
        for (const call of [get, create]) {
          const { attempts, error } = yield* fail(call, client, apiUrl)
          deepStrictEqual([error.reason, error.sent, attempts], ["connect", false, 3])
          assert.match(error.detail, /^no response: ECONNREFUSED/)
          assert.match(error.message, /nothing was sent/)
        }
      })
    )

    it.scopedLive("of an unknown host says connect, and every operation is retried", () =>
      Effect.gen(function* () {
        for (const call of [get, create]) {
          const { attempts, error } = yield* fail(call, client, unknownHost)
          deepStrictEqual([error.reason, error.sent, attempts], ["connect", false, 3])
          assert.match(error.detail, /^no response: (ENOTFOUND|EAI_\w+)/)
        }
      })
    )

    it.scopedLive("of a server without TLS behind https says connect, and every operation is retried", () =>
      Effect.gen(function* () {
        const { port } = yield* plainServer
        for (const call of [get, create]) {
          const { attempts, error } = yield* fail(call, client, `https://127.0.0.1:${port}`)
          deepStrictEqual([error.reason, error.sent, attempts], ["connect", false, 3])
          assert.match(error.message, /nothing was sent/)
        }
      })
    )

    it.scopedLive("of an untrusted certificate says certificate, and no operation is retried", () =>
      Effect.gen(function* () {
        const server = yield* tlsServer
        for (const call of [get, create]) {
          const { attempts, error } = yield* fail(call, client, server.url)
          deepStrictEqual([error.reason, error.sent, attempts], ["certificate", false, 1])
          assert.match(error.detail, /^no response: DEPTH_ZERO_SELF_SIGNED_CERT/)
          assert.match(error.message, /nothing was sent; check the server's certificate/)
        }
        assert.strictEqual(server.requests(), 0)
      })
    )

    for (const [name, handler] of [
      ["before the headers", Respond.reset],
      ["within the body", Respond.inSequence(Respond.halfTheBody, Respond.reset)]
    ] as const) {
      it.scopedLive(`of a reset ${name} says broken, and only a repeatable operation is retried`, () =>
        Effect.gen(function* () {
          const server = yield* Server.make(handler)
          for (const [call, expected] of [
            [get, 3],
            [create, 1]
          ] as const) {
            const { attempts, error } = yield* fail(call, client, server.url)
            deepStrictEqual([error.reason, error.sent, attempts], ["broken", true, expected])
            assert.match(error.message, call === get ? /; try again$/ : /the request may have taken effect/)
          }
        })
      )
    }
  })
}

describe("a TransportError", () => {
  it.scopedLive("of a certificate of another host says certificate", () =>
    Effect.gen(function* () {
      const server = yield* tlsServer
      const client = ClerkUndici.layer({ connect: { ca: certificate } })
      const { attempts, error } = yield* fail(get, client, server.url)
      deepStrictEqual([error.reason, attempts], ["certificate", 1])
      assert.match(error.detail, /ERR_TLS_CERT_ALTNAME_INVALID/)
    })
  )

  const error = (code: string, message = "", more: object = {}) =>
    Object.assign(new Error(message), { code, ...more })
  const caused = (cause: unknown) => new TypeError("fetch failed", { cause })

  const causes: ReadonlyArray<
    readonly [name: string, cause: unknown, reason: ClerkError.TransportError["reason"]]
  > = [
    ["ECONNREFUSED", caused(error("ECONNREFUSED")), "connect"],
    [
      "ECONNREFUSED of several addresses",
      caused(Object.assign(new AggregateError([]), error("ECONNREFUSED"))),
      "connect"
    ],
    ["ENOTFOUND", caused(error("ENOTFOUND", "getaddrinfo ENOTFOUND", { syscall: "getaddrinfo" })), "connect"],
    ["EAI_AGAIN", error("EAI_AGAIN"), "connect"],
    ["EHOSTUNREACH", error("EHOSTUNREACH"), "connect"],
    ["ENETUNREACH", error("ENETUNREACH"), "connect"],
    ["ETIMEDOUT of a connection", error("ETIMEDOUT", "", { syscall: "connect" }), "connect"],
    ["a connect timeout of undici", caused(error("UND_ERR_CONNECT_TIMEOUT")), "connect"],
    ["a refused connection of Bun", error("ConnectionRefused"), "connect"],
    [
      "a refused connection of Deno",
      new TypeError("error sending request: client error (Connect): tcp connect error"),
      "connect"
    ],
    ["CERT_HAS_EXPIRED", caused(error("CERT_HAS_EXPIRED")), "certificate"],
    ["SELF_SIGNED_CERT_IN_CHAIN", error("SELF_SIGNED_CERT_IN_CHAIN"), "certificate"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", error("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "certificate"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", caused(caused(error("ERR_TLS_CERT_ALTNAME_INVALID"))), "certificate"],
    [
      "a certificate error of Deno",
      new TypeError("client error (Connect): invalid peer certificate: UnknownIssuer"),
      "certificate"
    ],
    ["ECONNRESET", caused(error("ECONNRESET")), "broken"],
    ["EPIPE", error("EPIPE", "write EPIPE", { syscall: "write" }), "broken"],
    ["ETIMEDOUT of a read", error("ETIMEDOUT", "", { syscall: "read" }), "broken"],
    ["a socket error of undici", caused(error("UND_ERR_SOCKET")), "broken"],
    ["a message alone", new Error("socket hang up"), "broken"],
    ["a string", "broken", "broken"],
    ["nothing", undefined, "broken"]
  ]
  for (const [name, cause, reason] of causes) {
    it.effect(`caused by ${name} says ${reason}`, () =>
      Effect.gen(function* () {
        const { layer } = Mock.make(() => Effect.fail(new Mock.Lost({ cause })), { retry: Schedule.stop })
        const failed = yield* Effect.flip(get).pipe(Effect.provide(layer))
        assert(failed._tag === "TransportError")
        deepStrictEqual([failed.reason, failed.sent], [reason, reason === "broken"])
      })
    )
  }

  it.effect("has a bounded detail, without secrets and control characters", () =>
    Effect.gen(function* () {
      const message = `Bearer sk_test_0123456789abcdef\r\n\u202e${"x".repeat(10_000)}`
      const { layer } = Mock.make(() => Effect.fail(new Mock.Lost({ cause: new Error(message) })), {
        retry: Schedule.stop
      })
      const failed = yield* Effect.flip(ClerkConfig.withoutRetry(get)).pipe(Effect.provide(layer))
      assert(failed._tag === "TransportError")
      assert.notInclude(failed.detail + failed.message, "sk_test")
      assert.isBelow(failed.detail.length, 300)
      assert.notMatch(failed.message, /[\p{Cc}\p{Cf}]/u)
    })
  )

  it("keeps its reason when it is encoded and decoded", () => {
    const schema = Schema.parseJson(ClerkError.ClerkError)
    for (const reason of ["connect", "certificate", "broken"] as const) {
      const error = new ClerkError.TransportError({
        operation: "Sessions.get",
        method: "GET",
        path: "/v1/sessions/sess_1",
        detail: "no response",
        reason
      })
      const decoded = Schema.decodeSync(schema)(Schema.encodeSync(schema)(error))
      assert(decoded._tag === "TransportError")
      deepStrictEqual([decoded.reason, decoded.sent], [reason, reason === "broken"])
    }
  })
})
