import { HttpClient, HttpClientRequest } from "@effect/platform"
import type { HttpClientError, HttpClientResponse } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Scope, Stream } from "effect"
import * as ClerkUndici from "effect-clerk/undici"
import { Dispatcher } from "undici"

import { echo, send, serve } from "../support/nodeServer.js"

const transports = [
  { name: "effect-clerk/undici", layer: ClerkUndici.layer() },
  { name: "the platform's undici", layer: NodeHttpClient.layerUndici }
] as const

describe.each(transports)("a failure over $name", ({ layer }) => {
  const reads: ReadonlyArray<
    readonly [
      string,
      (
        response: HttpClientResponse.HttpClientResponse
      ) => Effect.Effect<unknown, HttpClientError.HttpClientError>
    ]
  > = [
    ["text", (response) => response.text],
    ["json", (response) => response.json],
    ["arrayBuffer", (response) => response.arrayBuffer],
    ["stream", (response) => Stream.runDrain(response.stream)]
  ]

  it.live("to connect is a RequestError", () =>
    Effect.gen(function* () {
      const { url } = yield* Effect.scoped(serve(echo))
      const error = yield* Effect.flip(send(HttpClientRequest.get(url)))
      assert.strictEqual(error._tag, "RequestError")
      assert.strictEqual(error.reason, "Transport")
    }).pipe(Effect.provide(layer))
  )

  it.live("before the headers is a RequestError", () =>
    Effect.gen(function* () {
      const server = yield* serve((request) => request.socket.resetAndDestroy())
      const error = yield* Effect.flip(send(HttpClientRequest.get(server.url)))
      assert.strictEqual(error._tag, "RequestError")
      assert.strictEqual(error.reason, "Transport")
    }).pipe(Effect.provide(layer), Effect.scoped)
  )

  it.live.each(reads)("within the body is a ResponseError, read as %s", ([, read]) =>
    Effect.gen(function* () {
      const server = yield* serve((request, response) => {
        response.writeHead(200, { "content-length": 100 })
        response.write("half", () => setImmediate(() => request.socket.resetAndDestroy()))
      })
      const response = yield* send(HttpClientRequest.get(server.url))
      assert.strictEqual(response.status, 200)
      const error = yield* Effect.flip(read(response))
      assert.strictEqual(error._tag, "ResponseError")
      assert.strictEqual(error.reason, "Decode")
    }).pipe(Effect.provide(layer), Effect.scoped)
  )

  it.live("of the URL is a RequestError", () =>
    Effect.gen(function* () {
      const none = yield* Effect.flip(send(HttpClientRequest.get("http://[")))
      assert.strictEqual(none.reason, "InvalidUrl")
      const file = yield* Effect.flip(send(HttpClientRequest.get("file:///etc/hosts")))
      assert.strictEqual(file._tag, "RequestError")
    }).pipe(Effect.provide(layer))
  )

  it.live("of a header is a RequestError", () =>
    Effect.gen(function* () {
      const server = yield* serve(echo)
      const error = yield* Effect.flip(
        send(HttpClientRequest.get(server.url, { headers: { "x-bad": "line\nbreak" } }))
      )
      assert.strictEqual(error._tag, "RequestError")
      assert.strictEqual(server.sockets.size, 0)
    }).pipe(Effect.provide(layer), Effect.scoped)
  )

  it.live("does not come from an interruption before the headers, which aborts", () =>
    Effect.gen(function* () {
      const server = yield* serve(() => {})
      const fiber = yield* Effect.fork(send(HttpClientRequest.get(server.url)))
      yield* server.arrived
      const exit = yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.isInterrupted(exit))
      yield* server.gone
    }).pipe(Effect.provide(layer), Effect.scoped)
  )

  it.live.each(reads)(
    "does not come from an interruption within the body, which aborts, read as %s",
    ([, read]) =>
      Effect.gen(function* () {
        const server = yield* serve((_, response) =>
          response.writeHead(200, { "content-length": 100 }).write("half")
        )
        const response = yield* send(HttpClientRequest.get(server.url))
        const fiber = yield* Effect.fork(read(response))
        yield* Effect.yieldNow()
        const exit = yield* Fiber.interrupt(fiber)
        assert.isTrue(Exit.isInterrupted(exit))
        yield* server.gone
      }).pipe(Effect.provide(layer), Effect.scoped)
  )

  it.live("ends the requests of a layer whose scope closes, and its connections", () =>
    Effect.gen(function* () {
      const server = yield* serve((request, response) =>
        request.url === "/hang" ? undefined : response.end("fine")
      )
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(Layer.fresh(layer), scope)
      const client = yield* HttpClient.HttpClient.pipe(Effect.provide(context))
      yield* Effect.flatMap(client.get(`${server.url}/`), (response) => response.text)
      assert.strictEqual(server.sockets.size, 1)
      const [socket] = server.sockets
      const closed = new Promise((resolve) => socket?.on("close", resolve))
      const fiber = yield* Effect.fork(Effect.flip(client.get(`${server.url}/hang`)))
      yield* Effect.yieldNow()
      yield* Scope.close(scope, Exit.void)
      yield* Effect.promise(() => closed)
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "RequestError")
      assert.strictEqual((yield* Effect.flip(client.get(`${server.url}/`)))._tag, "RequestError")
    }).pipe(Effect.scoped)
  )
})

it.live("a dispatcher that throws is a RequestError", () =>
  Effect.gen(function* () {
    class Broken extends Dispatcher {
      override dispatch(): boolean {
        throw new Error("failure")
      }
    }
    const error = yield* Effect.flip(ClerkUndici.make(new Broken()).get("http://127.0.0.1/"))
    assert.strictEqual(error._tag, "RequestError")
    assert.strictEqual(error.reason, "Transport")
  })
)
