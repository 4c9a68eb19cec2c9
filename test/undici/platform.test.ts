import { HttpBody, HttpClient, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Effect, Tracer } from "effect"
import * as ClerkUndici from "effect-clerk/undici"

import { echo, sendEcho, serve } from "../support/nodeServer.js"

describe("the platform, over effect-clerk/undici", () => {
  it.live("makes a span and sends trace headers, unless they are turned off", () =>
    Effect.gen(function* () {
      const server = yield* serve(echo)
      const names: Array<string> = []
      const tracer = yield* Effect.tracer
      const recording = Tracer.make({
        span: (...args) => {
          names.push(args[0])
          return tracer.span(...args)
        },
        context: (run) => run()
      })
      const seen = yield* Effect.withTracer(sendEcho(HttpClientRequest.get(server.url)), recording)
      deepStrictEqual(names, ["http.client GET"])
      assert.isDefined(seen.headers["traceparent"])
      const plain = yield* sendEcho(HttpClientRequest.get(server.url)).pipe(
        Effect.withTracer(recording),
        Effect.locally(HttpClient.currentTracerDisabledWhen, () => true)
      )
      deepStrictEqual(names, ["http.client GET"])
      assert.isUndefined(plain.headers["traceparent"])
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("aborts with the scope of `withScope`", () =>
    Effect.gen(function* () {
      const server = yield* serve((_, response) =>
        response.writeHead(200, { "content-length": 100 }).write("half")
      )
      const client = HttpClient.withScope(yield* HttpClient.HttpClient)
      const response = yield* Effect.scoped(client.get(server.url))
      assert.strictEqual(response.status, 200)
      yield* server.gone
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("applies transforms of the client", () =>
    Effect.gen(function* () {
      const server = yield* serve(echo)
      const client = (yield* HttpClient.HttpClient).pipe(
        HttpClient.mapRequest(HttpClientRequest.prependUrl(server.url)),
        HttpClient.filterStatusOk
      )
      const response = yield* client.post("/path", { body: HttpBody.text("body") })
      assert.include(yield* response.text, `"url":"/path"`)
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )
})
