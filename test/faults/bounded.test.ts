import { gzipSync } from "node:zlib"

import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schedule } from "effect"
import { Sessions } from "effect-clerk"
import type { ClerkConfig } from "effect-clerk"

import * as B from "./behaviours.js"
import * as Clerk from "./clerk.js"
import * as Server from "./server.js"
import { secretsFor, settings, transports } from "./subjects.js"
import type { Transport } from "./subjects.js"

const { key } = secretsFor("bounds")
const MB = 1_000_000
const GB = 1_000 * MB

const stage = (
  transport: Transport,
  behaviour: Server.Behaviour,
  options: Partial<ClerkConfig.Options> = {}
) =>
  Effect.map(Server.make(behaviour), (server) => ({
    server,
    provided: Layer.merge(transports[transport](), settings(server.url, key, options))
  }))

/** The most memory in use, beyond what was in use before, while an effect runs. */
const growth = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const inUse = () => {
      const { external, heapUsed } = process.memoryUsage()
      return heapUsed + external
    }
    const before = inUse()
    let most = before
    const watch = Effect.repeat(
      Effect.sync(() => {
        most = Math.max(most, inUse())
      }),
      Schedule.spaced("2 millis")
    )
    const value = yield* Effect.raceFirst(self, Effect.zipRight(watch, Effect.never))
    return [most - before, value] as const
  })

for (const transport of ["fetch", "undici", "tuned undici"] as const) {
  describe(`over ${transport}`, () => {
    it.live("1 GB at 200 ends after 16 MiB, with memory flat", () =>
      Effect.gen(function* () {
        const { provided, server } = yield* stage(transport, B.spaces(200, GB), { timeout: "20 seconds" })
        const [grown, error] = yield* growth(
          Effect.flip(Sessions.get("sess_1")).pipe(Effect.provide(provided))
        )
        assert.strictEqual(error._tag, "DecodeError")
        assert.include(error.message, "maxResponseSize")
        yield* server.until(
          "the abort is seen",
          ({ aborted, inFlight }) => aborted === 1 && inFlight === 0,
          "100 millis"
        )
        assert.isBelow(server.counters.written, 40 * MB)
        assert.isBelow(grown, 120 * MB)
      }).pipe(Effect.scoped)
    )

    for (const status of [302, 401, 403, 404, 429, 500]) {
      it.live(`1 GB at ${status} ends after 64 KiB`, () =>
        Effect.gen(function* () {
          const { provided, server } = yield* stage(transport, B.spaces(status, GB))
          const [grown, error] = yield* growth(
            Effect.flip(Sessions.create({ userId: "user_1" })).pipe(Effect.provide(provided))
          )
          assert.strictEqual("status" in error ? error.status : error._tag, status)
          yield* server.until(
            "all aborts are seen",
            ({ aborted, inFlight }) => aborted === server.requests.length && inFlight === 0,
            "100 millis"
          )
          // What the sockets of both ends hold is written too, before anybody reads it.
          assert.isBelow(server.counters.written, server.requests.length * 12 * MB)
          assert.isBelow(grown, 40 * MB)
        }).pipe(Effect.scoped)
      )
    }

    describe("maxResponseSize, to the byte", () => {
      const body = JSON.stringify(Clerk.session)
      const size = Buffer.byteLength(body)
      const chunked = B.raw(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        ...[body.slice(0, 100), body.slice(100)].map(
          (part) => `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`
        ),
        "0\r\n\r\n"
      )
      const cases: ReadonlyArray<readonly [string, Server.Behaviour]> = [
        ["with a length", B.answer(200, body)],
        ["in chunks", chunked],
        ...(transport === "fetch"
          ? [["gzipped, which counts unpacked", B.gzipped(200, () => gzipSync(body))] as const]
          : [])
      ]
      for (const [how, behaviour] of cases) {
        it.live(how, () =>
          Effect.gen(function* () {
            const server = yield* Server.make(behaviour)
            const get = (maxResponseSize: number) =>
              Sessions.get("sess_1").pipe(
                Effect.provide(
                  Layer.merge(transports[transport](), settings(server.url, key, { maxResponseSize }))
                )
              )
            assert.strictEqual((yield* get(size)).id, "sess_1")
            const error = yield* Effect.flip(get(size - 1))
            assert.strictEqual(error._tag, "DecodeError")
            assert.include(error.message, `${size - 1}`)
          }).pipe(Effect.scoped)
        )
      }
    })
  })
}
