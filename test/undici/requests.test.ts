import { HttpBody, HttpClientRequest } from "@effect/platform"
import type { HttpMethod } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import * as ClerkUndici from "effect-clerk/undici"

import { echo, send, sendEcho, serve } from "../support/nodeServer.js"

describe("a request over effect-clerk/undici", () => {
  it.live.each<HttpMethod.HttpMethod>(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])(
    "of method %s keeps its path, query and headers",
    (method) =>
      Effect.gen(function* () {
        const server = yield* serve(echo)
        const seen = yield* sendEcho(
          HttpClientRequest.make(method)(`${server.url}/v1/a%2Fb`, {
            urlParams: { limit: 10, empty: "" },
            headers: { authorization: "Bearer sk_test_1", "X-Other": "1" }
          })
        )
        assert.strictEqual(seen.method, method)
        assert.strictEqual(seen.url, "/v1/a%2Fb?limit=10&empty=")
        assert.strictEqual(seen.headers["authorization"], "Bearer sk_test_1")
        assert.strictEqual(seen.headers["x-other"], "1")
        assert.strictEqual(seen.body, "")
        assert.isUndefined(seen.headers["transfer-encoding"])
      }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("of method HEAD gets headers and an empty body", () =>
    Effect.gen(function* () {
      const server = yield* serve((_, response) => response.writeHead(200, { "content-length": 5 }).end())
      const response = yield* send(HttpClientRequest.head(server.url))
      assert.strictEqual(response.status, 200)
      assert.strictEqual(response.headers["content-length"], "5")
      assert.strictEqual(yield* response.text, "")
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  const bytes = new TextEncoder().encode("bytes")
  it.live.each<{
    name: string
    body: () => HttpBody.HttpBody
    body_: string
    type?: string
    length?: string
  }>([
    { name: "Empty", body: () => HttpBody.empty, body_: "", length: "0" },
    {
      name: "Uint8Array",
      body: () => HttpBody.uint8Array(bytes),
      body_: "bytes",
      type: "application/octet-stream",
      length: "5"
    },
    { name: "text", body: () => HttpBody.text("grüße"), body_: "grüße", type: "text/plain", length: "7" },
    {
      name: "JSON",
      body: () => HttpBody.unsafeJson({ a: 1 }),
      body_: `{"a":1}`,
      type: "application/json",
      length: "7"
    },
    {
      name: "Raw string",
      body: () => HttpBody.raw("raw", { contentType: "text/x" }),
      body_: "raw",
      type: "text/x",
      length: "3"
    },
    {
      name: "Raw Blob",
      body: () => HttpBody.raw(new Blob(["blob"], { type: "text/x" })),
      body_: "blob",
      type: "text/x",
      length: "4"
    },
    {
      name: "Raw URLSearchParams",
      body: () => HttpBody.raw(new URLSearchParams({ a: "1", b: "ü" })),
      body_: "a=1&b=%C3%BC",
      type: "application/x-www-form-urlencoded;charset=UTF-8"
    },
    {
      name: "Raw ReadableStream",
      body: () => HttpBody.raw(new Blob(["readable"]).stream()),
      body_: "readable"
    },
    {
      name: "Stream",
      body: () => HttpBody.stream(Stream.make(bytes, bytes)),
      body_: "bytesbytes",
      type: "application/octet-stream"
    },
    {
      name: "Stream of known length",
      body: () => HttpBody.stream(Stream.make(bytes, bytes), "text/x", 10),
      body_: "bytesbytes",
      type: "text/x",
      length: "10"
    }
  ])("has a body of $name", ({ body, body_, type, length }) =>
    Effect.gen(function* () {
      const server = yield* serve(echo)
      const seen = yield* sendEcho(HttpClientRequest.post(server.url).pipe(HttpClientRequest.setBody(body())))
      assert.strictEqual(seen.body, body_)
      assert.strictEqual(seen.headers["content-type"], type)
      assert.strictEqual(seen.headers["content-length"], length)
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("has a body of FormData, with fields and files", () =>
    Effect.gen(function* () {
      const server = yield* serve(echo)
      const form = new FormData()
      form.append("field", "value")
      form.append("file", new Blob(["contents"], { type: "text/x" }), "name.txt")
      const seen = yield* sendEcho(
        HttpClientRequest.post(server.url).pipe(HttpClientRequest.bodyFormData(form))
      )
      const received = yield* Effect.promise(() =>
        new Response(seen.body, {
          headers: { "content-type": seen.headers["content-type"] ?? "" }
        }).formData()
      )
      assert.strictEqual(received.get("field"), "value")
      const file = received.get("file")
      assert(file instanceof File)
      assert.strictEqual(file.name, "name.txt")
      assert.strictEqual(yield* Effect.promise(() => file.text()), "contents")
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("fails and is aborted when its body stream fails", () =>
    Effect.gen(function* () {
      const server = yield* serve((request) => request.resume())
      const body = HttpBody.stream(Stream.concat(Stream.make(new Uint8Array([1])), Stream.fail("failure")))
      const error = yield* Effect.flip(
        send(HttpClientRequest.post(server.url).pipe(HttpClientRequest.setBody(body)))
      )
      assert.strictEqual(error._tag, "RequestError")
      assert.strictEqual(error.reason, "Transport")
      yield* server.gone
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("ends its body stream when it is interrupted", () =>
    Effect.gen(function* () {
      const server = yield* serve((request) => request.resume())
      const ended = yield* Deferred.make<void>()
      const body = HttpBody.stream(
        Stream.concat(Stream.make(new Uint8Array([1])), Stream.never).pipe(
          Stream.ensuring(Deferred.succeed(ended, undefined))
        )
      )
      const fiber = yield* Effect.fork(
        send(HttpClientRequest.post(server.url).pipe(HttpClientRequest.setBody(body)))
      )
      yield* server.arrived
      yield* Fiber.interrupt(fiber)
      yield* Deferred.await(ended)
      yield* server.gone
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )
})
