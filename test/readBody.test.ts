import { HttpClient } from "@effect/platform"
import type { HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { Sessions } from "effect-clerk"

import * as B from "./faults/behaviours.js"
import * as Clerk from "./faults/clerk.js"
import * as Server from "./faults/server.js"
import { configured, outcomeOf, secretsFor, transports } from "./faults/subjects.js"
import type { Transport } from "./faults/subjects.js"

const { key } = secretsFor("body")

/** A response of somebody else's making: nothing is to be had of it but what the platform's interface says. */
const opaque = (response: HttpClientResponse.HttpClientResponse) => {
  const isPrivate = (property: string | symbol) =>
    ["source", "original"].includes(String(property)) || String(property).includes("limitBody")
  return new Proxy(response, {
    has: (target, property) => !isPrivate(property) && property in target,
    get: (target, property) => (isPrivate(property) ? undefined : Reflect.get(target, property))
  })
}

/** What stands between the transport and the operation. */
const clients: Readonly<Record<string, (client: HttpClient.HttpClient) => HttpClient.HttpClient>> = {
  "as the transport gives it": (client) => client,
  "of somebody else's making": HttpClient.transformResponse(Effect.map(opaque)),
  "that was read before": HttpClient.tap((response) => Effect.ignore(response.text)),
  // Long enough for a short body to have come and gone.
  "that was left lying": HttpClient.tap(() => Effect.sleep("20 millis"))
}

const city = "Zürich, 東京, 🜁"
const session = JSON.stringify({ ...Clerk.session, status: city })

/** In pieces of one byte, so that every letter comes in several. */
const inBytes: Server.Behaviour = B.raw(
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
  ...Array.from(Buffer.from(session), (byte) => Buffer.from([0x31, 13, 10, byte, 13, 10])),
  "0\r\n\r\n"
)

/** How many bytes of an error are looked at. */
const errorLimit = 64 * 1024

/** An error of so many bytes, all of which it takes to understand it. */
const envelope = (size: number) => JSON.stringify(Clerk.envelope).padStart(size)

const rows: ReadonlyArray<readonly [what: string, behaviour: Server.Behaviour, outcome: string]> = [
  ["with a length", B.answer(200, session), `value ${city}`],
  ["byte for byte", inBytes, `value ${city}`],
  ["with a byte order mark", B.answer(200, `\ufeff${session}`), `value ${city}`],
  ["beyond the limit, with a length", B.answer(200, `${" ".repeat(2000)}${session}`), "DecodeError"],
  ["as long as the limit", B.answer(200, session.padEnd(2000 - city.length)), `value ${city}`],
  ["empty", B.answer(200, ""), "DecodeError"],
  ["204", B.raw("HTTP/1.1 204 No Content\r\n\r\n"), "DecodeError"],
  ["an error with a length", B.json(422, Clerk.envelope), "ClerkErrors"],
  [
    "an error byte for byte",
    B.raw("HTTP/1.1 422 \r\nTransfer-Encoding: chunked\r\n\r\n", "2\r\n{}\r\n0\r\n\r\n"),
    "ApiError"
  ],
  ["an error as long as its limit", B.answer(422, envelope(errorLimit)), "ClerkErrors"],
  ["an error beyond its limit", B.answer(422, envelope(errorLimit + 1)), "ApiError"],
  [
    "an error beyond its limit, in pieces",
    B.raw(
      "HTTP/1.1 422 \r\nTransfer-Encoding: chunked\r\n\r\n",
      ...[errorLimit - 100, 101].map(
        (size, piece) =>
          `${size.toString(16)}\r\n${envelope(errorLimit + 1)
            .slice(piece * (errorLimit - 100))
            .slice(0, size)}\r\n`
      ),
      "0\r\n\r\n"
    ),
    "ApiError"
  ],
  ["broken off", B.inSequence(B.halfTheBody, B.reset), "TransportError"],
  ["broken off in a chunk", B.inSequence(B.halfAChunk, B.reset), "TransportError"]
]

for (const transport of ["fetch", "undici", "tuned undici"] satisfies Array<Transport>) {
  describe(`the body of an answer over ${transport}`, () => {
    for (const [which, through] of Object.entries(clients)) {
      it.scopedLive.each(rows)(`${which}: %s`, ([, behaviour, expected]) =>
        Effect.gen(function* () {
          const server = yield* Server.make(behaviour)
          const client = Context.get(yield* Layer.build(transports[transport]()), HttpClient.HttpClient)
          const exit = yield* Sessions.get("sess_1").pipe(
            Effect.provideService(HttpClient.HttpClient, through(client)),
            Effect.provide(configured(server.url, key, { maxResponseSize: 2000 })),
            Effect.exit
          )
          const outcome = exit._tag === "Success" ? `value ${exit.value.status}` : outcomeOf(exit)
          assert.strictEqual(outcome, expected)
          yield* server.until("nothing in flight", ({ inFlight }) => inFlight === 0)
        })
      )
    }
  })
}

describe("the platform's own ways to read a body", () => {
  it.scopedLive.each(["fetch", "undici", "tuned undici"] satisfies Array<Transport>)(
    "are not needed over %s, as they take several times as long",
    (transport) =>
      Effect.gen(function* () {
        const server = yield* Server.make(inBytes)
        const client = Context.get(yield* Layer.build(transports[transport]()), HttpClient.HttpClient)
        const used: Array<string | symbol> = []
        const watched = HttpClient.transformResponse(
          client,
          Effect.map(
            (response) =>
              new Proxy(response, {
                get: (target, property) => {
                  used.push(property)
                  const value: unknown = Reflect.get(target, property)
                  return typeof value === "function" ? value.bind(target) : value
                }
              })
          )
        )
        const session = yield* Sessions.get("sess_1").pipe(
          Effect.provideService(HttpClient.HttpClient, watched),
          Effect.provide(configured(server.url, key))
        )
        assert.strictEqual(session.status, city)
        assert.include(used, "status")
        assert.notIncludeMembers(used, ["stream"])
      })
  )
})
