import { Cookies, HttpClient, HttpClientRequest } from "@effect/platform"
import type { HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Chunk, Effect, Option, Redacted, Stream } from "effect"
import { ClerkConfig, Sessions } from "effect-clerk"
import * as ClerkUndici from "effect-clerk/undici"

import { send, serve, turns } from "../support/nodeServer.js"

describe("a response over effect-clerk/undici", () => {
  const respond = (body: string | Uint8Array, headers: Record<string, string | Array<string>> = {}) =>
    Effect.gen(function* () {
      const server = yield* serve((_, response) => response.writeHead(201, headers).end(body))
      return yield* send(HttpClientRequest.get(server.url))
    })

  it.live("has a status, headers and cookies", () =>
    Effect.gen(function* () {
      const response = yield* respond("", {
        "X-Single": "one",
        "X-Twice": ["a", "b"],
        "Set-Cookie": ["a=1; Path=/", "b=2"]
      })
      assert.strictEqual(response.status, 201)
      assert.strictEqual(response.headers["x-single"], "one")
      assert.strictEqual(response.headers["x-twice"], "a, b")
      deepStrictEqual(Cookies.toRecord(response.cookies), { a: "1", b: "2" })
      deepStrictEqual(response.remoteAddress, Option.none())
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("can be read as text, JSON, bytes, parameters and a stream, several times", () =>
    Effect.gen(function* () {
      const response = yield* respond(`{"a":"ü"}`)
      assert.strictEqual(yield* response.text, `{"a":"ü"}`)
      deepStrictEqual(yield* response.json, { a: "ü" })
      assert.strictEqual(new TextDecoder().decode(yield* response.arrayBuffer), `{"a":"ü"}`)
      deepStrictEqual(yield* response.urlParamsBody, [[`{"a":"ü"}`, ""]])
      const streamed = yield* Stream.runCollect(Stream.decodeText(response.stream))
      assert.strictEqual(Chunk.join(streamed, ""), `{"a":"ü"}`)
      assert.strictEqual(yield* response.text, `{"a":"ü"}`)
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("can be read after an operation has read it", () =>
    Effect.gen(function* () {
      let rest = () => {}
      const server = yield* serve((_, response) => {
        response.write('{"jwt":')
        rest = () => response.end('"a.b.c"}')
      })
      const kept: Array<HttpClientResponse.HttpClientResponse> = []
      yield* Sessions.createToken("sess_1").pipe(
        Effect.provideServiceEffect(
          HttpClient.HttpClient,
          Effect.map(
            HttpClient.HttpClient,
            HttpClient.tap((response) =>
              Effect.sync(() => {
                kept.push(response)
                rest()
              })
            )
          )
        ),
        Effect.provide(ClerkConfig.layer({ secretKey: Redacted.make("sk_test_1"), apiUrl: server.url }))
      )
      const texts = yield* Effect.forEach(kept, (response) => response.text)
      deepStrictEqual(texts, ['{"jwt":"a.b.c"}'])
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("can be read as form data", () =>
    Effect.gen(function* () {
      const response = yield* respond("a=1&a=2", { "content-type": "application/x-www-form-urlencoded" })
      const form = yield* response.formData
      deepStrictEqual(form.getAll("a"), ["1", "2"])
      const unsupported = yield* respond("a=1", { "content-type": "text/plain" })
      const error = yield* Effect.flip(unsupported.formData)
      assert.strictEqual(error.reason, "Decode")
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("can be empty, begin with a byte order mark, or be no JSON", () =>
    Effect.gen(function* () {
      const empty = yield* respond("")
      assert.strictEqual(yield* empty.text, "")
      assert.isNull(yield* empty.json)
      assert.strictEqual((yield* empty.arrayBuffer).byteLength, 0)
      assert.strictEqual(Chunk.size(yield* Stream.runCollect(empty.stream)), 0)
      assert.strictEqual(yield* (yield* respond("\uFEFFmarked")).text, "marked")
      const error = yield* Effect.flip((yield* respond("{")).json)
      assert.strictEqual(error.reason, "Decode")
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("joins its chunks", () =>
    Effect.gen(function* () {
      const body = "é".repeat(500_000)
      const response = yield* respond(body)
      assert.strictEqual(yield* response.text, body)
      const bytes = yield* (yield* respond(body)).arrayBuffer
      assert.strictEqual(bytes.byteLength, 1_000_000)
      const streamed = yield* Stream.runCollect((yield* respond(body)).stream)
      assert.isAbove(Chunk.size(streamed), 1)
      assert.strictEqual(new TextDecoder().decode(Buffer.concat(Chunk.toReadonlyArray(streamed))), body)
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("can be read by two fibers at once", () =>
    Effect.gen(function* () {
      const server = yield* serve((_, response) => {
        response.write("first ")
        setImmediate(() => response.end("second"))
      })
      const response = yield* send(HttpClientRequest.get(server.url))
      const texts = yield* Effect.all([response.text, response.text], { concurrency: "unbounded" })
      deepStrictEqual(texts, ["first second", "first second"])
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("cannot be read after its stream", () =>
    Effect.gen(function* () {
      const response = yield* respond("once")
      yield* Stream.runDrain(response.stream)
      const text = yield* Effect.flip(response.text)
      assert.strictEqual(text.reason, "Decode")
      const stream = yield* Effect.flip(Stream.runDrain(response.stream))
      assert.strictEqual(stream.reason, "Decode")
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("that redirects is not followed", () =>
    Effect.gen(function* () {
      const server = yield* serve((request, response) => {
        assert.strictEqual(request.url, "/from")
        response.writeHead(307, { location: "/to" }).end("moved")
      })
      const response = yield* send(HttpClientRequest.post(`${server.url}/from`))
      assert.strictEqual(response.status, 307)
      assert.strictEqual(response.headers["location"], "/to")
      assert.strictEqual(yield* response.text, "moved")
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("may come after informational responses", () =>
    Effect.gen(function* () {
      const server = yield* serve((_, response) => {
        response.writeProcessing()
        response.writeEarlyHints({ link: "</a>; rel=preload" }, () =>
          turns(20).then(() => response.end("after"))
        )
      })
      const response = yield* send(HttpClientRequest.get(server.url))
      assert.strictEqual(response.status, 200)
      assert.strictEqual(yield* response.text, "after")
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("prints its request, its status and the body that has arrived", () =>
    Effect.gen(function* () {
      const response = yield* respond(`{"a":1}`, { "content-type": "application/json" })
      const printed = JSON.stringify(response)
      assert.include(printed, `"status":201`)
      assert.include(printed, `"body":{"a":1}`)
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )
})
