/** The same cases for the fast way to read a body and for the plain one. */
import { HttpClient, HttpClientRequest } from "@effect/platform"
import type { HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Context, Effect, Either, Fiber, Layer } from "effect"

import { type Body, readBody, readPublic } from "../src/internal/fast/readBody.js"
import * as Server from "./support/faultServer.js"
import * as Respond from "./support/respond.js"
import * as Transports from "./support/transports.js"
import type { Transport } from "./support/transports.js"

type Response = HttpClientResponse.HttpClientResponse

const ways = { readBody, readPublic }

/** Sends a request, and returns the response when its headers have arrived. */
const execute = (transport: Transport, handler: Server.Handler) =>
  Effect.gen(function* () {
    const server = yield* Server.make(handler)
    const client = Context.get(yield* Layer.build(Transports.layer(transport)), HttpClient.HttpClient)
    return { server, response: yield* client.execute(HttpClientRequest.get(server.url)) }
  })

/** A response with the public interface only. */
const hidePrivate = (response: Response): Response => {
  const isPrivate = (property: string | symbol) =>
    ["source", "original"].includes(String(property)) || String(property).includes("limitBody")
  return new Proxy(response, {
    has: (target, property) => !isPrivate(property) && property in target,
    get: (target, property) => (isPrivate(property) ? undefined : Reflect.get(target, property))
  })
}

/** What happens to a response before its body is read. */
const states: Readonly<
  Record<
    string,
    (response: Response, server: Server.FaultServer) => Effect.Effect<Response, Server.NotReached>
  >
> = {
  "that nothing has read": (response) => Effect.succeed(response),
  "with the public interface only": (response) => Effect.succeed(hidePrivate(response)),
  "whose text was read before": (response) => Effect.as(Effect.ignore(response.text), response),
  "whose text was asked for before": (response) =>
    Effect.sync(() => (Effect.isEffect(response.text), response)),
  "that has arrived before": (response, server) =>
    Effect.as(
      Effect.zipRight(
        server.until("the whole response is sent", ({ inFlight }) => inFlight === 0),
        Server.turn
      ),
      response
    )
}

const text = "Zürich, 東京, 🜁"
const size = Buffer.byteLength(text)

const chunked = (...chunks: ReadonlyArray<Uint8Array>) =>
  Respond.raw(
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ...chunks.map((chunk) =>
      Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n")])
    ),
    "0\r\n\r\n"
  )

/** Each letter comes in several chunks. */
const inBytes = chunked(...Array.from(Buffer.from(text), (byte) => Uint8Array.of(byte)))

const half = Buffer.from("x".repeat(1000))

const beginning = (text: string): Body => ({ text, truncated: true })

const rows: ReadonlyArray<
  readonly [name: string, handler: Server.Handler, limit: number, expected: string | Body | undefined]
> = [
  ["with a Content-Length", Respond.complete(200, text), 100, text],
  ["in chunks of one byte", inBytes, 100, text],
  ["as long as the limit, with a Content-Length", Respond.complete(200, text), size, text],
  ["as long as the limit, in chunks", inBytes, size, text],
  [
    "longer than the limit, with a Content-Length",
    Respond.complete(200, "x".repeat(101)),
    100,
    beginning("x".repeat(100))
  ],
  ["longer than the limit, in chunks", chunked(half, half), 1500, beginning("x".repeat(1500))],
  ["longer than the limit within a letter", Respond.complete(200, text), 2, beginning("Z\ufffd")],
  ["of 1 MB", Respond.spaces(200, 1_000_000), 100, beginning(" ".repeat(100))],
  ["that is empty", Respond.complete(200, ""), 100, ""],
  ["of a 204", Respond.raw("HTTP/1.1 204 No Content\r\n\r\n"), 100, ""],
  ["of an error", Respond.complete(422, text), 100, text],
  ["that is reset", Respond.inSequence(Respond.halfTheBody, Respond.reset), 2000, undefined],
  ["that is reset in a chunk", Respond.inSequence(Respond.halfAChunk, Respond.reset), 2000, undefined]
]

/** Over node:http, the platform's `text` of a body that has broken before never completes. */
const isSkipped = (transport: Transport, state: string, name: string) =>
  transport === "node:http" && state === "that has arrived before" && name.startsWith("that is reset")

/** The stream of a Node response is empty after its text was read or the body broke. Only the private fields tell. */
const waysFor = (transport: Transport, state: string) =>
  (transport === "undici" || transport === "node:http") && /read before|arrived before/.test(state)
    ? { readBody }
    : ways

for (const transport of Transports.all) {
  describe(`the body over ${transport}`, () => {
    for (const [state, prepare] of Object.entries(states)) {
      const chosen = rows.filter(([name]) => !isSkipped(transport, state, name))
      it.scopedLive.each(chosen)(`%s, of a response ${state}`, ([, handler, limit, expected]) =>
        Effect.forEach(Object.entries(waysFor(transport, state)), ([way, read]) =>
          Effect.gen(function* () {
            const { response, server } = yield* execute(transport, handler)
            const prepared = yield* prepare(response, server)
            const body = yield* Effect.either(read(prepared, limit))
            const whole = typeof expected === "string" ? { text: expected, truncated: false } : expected
            deepStrictEqual(
              Either.getOrElse(body, () => undefined),
              whole,
              way
            )
            yield* server.until(`nothing in flight after ${way}`, ({ inFlight }) => inFlight === 0)
          }).pipe(Effect.scoped)
        )
      )
    }

    for (const [way, read] of Object.entries(ways)) {
      it.scopedLive(`is aborted when ${way} is interrupted`, () =>
        Effect.gen(function* () {
          const { response, server } = yield* execute(transport, Respond.drip)
          const fiber = yield* Effect.fork(read(response, 100_000))
          const { written } = server.counters
          yield* server.until("more of the body is sent", (counters) => counters.written > written)
          yield* Fiber.interrupt(fiber)
          yield* server.until(
            "the request is aborted",
            ({ aborted, inFlight }) => aborted === 1 && inFlight === 0
          )
        })
      )

      it.scopedLive(`can be read as text after ${way}`, () =>
        Effect.gen(function* () {
          const { response } = yield* execute(transport, inBytes)
          yield* read(response, 100)
          assert.strictEqual(yield* response.text, text)
          deepStrictEqual(yield* read(response, 100), { text, truncated: false })
        })
      )
    }

    // `response.stream` takes several times as long. It is read where the platform hides its private fields.
    it.scopedLive("is read without response.stream", () =>
      Effect.gen(function* () {
        const { response } = yield* execute(transport, inBytes)
        const used: Array<string | symbol> = []
        const watched = new Proxy(response, {
          get: (target, property) => {
            used.push(property)
            return Reflect.get(target, property)
          }
        })
        deepStrictEqual(yield* readBody(watched, 100), { text, truncated: false })
        assert.notInclude(used, "stream")
        assert.include(used, "text")
      })
    )
  })
}
