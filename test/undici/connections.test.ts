import type { ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

import { HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Effect, Fiber, Option, Stream } from "effect"
import * as ClerkUndici from "effect-clerk/undici"

import { send, serve, turns } from "../support/nodeServer.js"

describe("a connection of effect-clerk/undici", () => {
  const oneConnection = ClerkUndici.layer({ connections: 1 })

  it.live("is used again although nothing reads the body", () =>
    Effect.gen(function* () {
      const seen = new Set<Socket>()
      const server = yield* serve((request, response) => {
        seen.add(request.socket)
        response.end("x".repeat(30_000))
      })
      for (let index = 0; index < 5; index++) {
        const response = yield* send(HttpClientRequest.get(server.url))
        assert.strictEqual(response.status, 200)
      }
      assert.strictEqual(seen.size, 1)
    }).pipe(Effect.provide(oneConnection), Effect.scoped)
  )

  it.live("is free for the next request after an interruption", () =>
    Effect.gen(function* () {
      let requests = 0
      const server = yield* serve((_, response) => (requests++ === 0 ? undefined : response.end("served")))
      const first = yield* Effect.fork(send(HttpClientRequest.get(server.url)))
      yield* server.arrived
      const second = yield* Effect.fork(send(HttpClientRequest.get(server.url)))
      const third = yield* Effect.fork(
        Effect.flatMap(send(HttpClientRequest.get(server.url)), (response) => response.text)
      )
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(second)
      yield* Fiber.interrupt(first)
      assert.strictEqual(yield* Fiber.join(third), "served")
      assert.strictEqual(requests, 2)
    }).pipe(Effect.provide(oneConnection), Effect.scoped)
  )

  const piece = new Uint8Array(1_000_000)

  /** Sends a body of this length as fast as the socket takes it. */
  const flood = (length: number) => {
    const state = { offered: 0 }
    return Effect.map(
      serve((_, response) => {
        const offer = (): void => {
          while (state.offered < length) {
            state.offered += piece.length
            if (!response.write(piece)) return void response.once("drain", offer)
          }
          response.end()
        }
        offer()
      }),
      (server) => ({ ...server, state })
    )
  }

  it.live("holds the server back while nothing reads, and closes when the reader has enough", () =>
    Effect.gen(function* () {
      const server = yield* flood(1_000_000_000)
      const response = yield* send(HttpClientRequest.get(server.url))
      yield* Effect.promise(() => turns(500))
      const size = yield* response.stream.pipe(
        Stream.mapAccum(0, (size, chunk) => [size + chunk.length, size + chunk.length] as const),
        Stream.takeUntil((size) => size > 3_000_000),
        Stream.runLast
      )
      assert.isAbove(Option.getOrThrow(size), 3_000_000)
      yield* server.gone
      // The buffers of the kernel hold some of it, too.
      assert.isBelow(server.state.offered, 50_000_000)
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("goes on when a waiting body is read", () =>
    Effect.gen(function* () {
      const server = yield* flood(20_000_000)
      const response = yield* send(HttpClientRequest.get(server.url))
      yield* Effect.promise(() => turns(500))
      assert.isBelow(server.state.offered, 20_000_000)
      assert.strictEqual((yield* response.text).length, 20_000_000)
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("has several requests in flight with `pipelining`", () =>
    Effect.gen(function* () {
      let waiting: Array<ServerResponse> = []
      const server = yield* serve((_, response) => {
        waiting.push(response)
        if (waiting.length < 4) return
        for (const [index, response] of waiting.entries()) response.end(String(index))
        waiting = []
      })
      const text = Effect.flatMap(send(HttpClientRequest.get(server.url)), (response) => response.text)
      // The first request opens the connection, the others follow before its response.
      const texts = yield* Effect.all([text, text, text, text], { concurrency: "unbounded" })
      deepStrictEqual(texts, ["0", "1", "2", "3"])
      assert.strictEqual(server.sockets.size, 1)
    }).pipe(Effect.provide(ClerkUndici.layer({ connections: 1, pipelining: 4 })), Effect.scoped)
  )

  it.live("is closed when an unread response is collected", () =>
    Effect.gen(function* () {
      const server = yield* serve((_, response) =>
        response.writeHead(200, { "content-length": 100 }).write("half")
      )
      yield* Effect.asVoid(send(HttpClientRequest.get(server.url)))
      setFlagsFromString("--expose-gc")
      // `gc` is a function in contexts made after the flag was set.
      const gc = runInNewContext("gc") as () => void
      yield* Effect.raceFirst(
        server.gone,
        Effect.forever(
          Effect.zipRight(
            Effect.sync(gc),
            Effect.promise(() => new Promise(setImmediate))
          )
        )
      )
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )
})
