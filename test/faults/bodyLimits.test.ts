import { gzipSync } from "node:zlib"

import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { type ClerkConfig, Sessions } from "effect-clerk"

import * as Config from "../support/config.js"
import * as Server from "../support/faultServer.js"
import * as Respond from "../support/respond.js"
import * as Transports from "../support/transports.js"
import * as Wire from "../support/wire.js"

const MB = 1_000_000
const GB = 1_000 * MB

for (const transport of Transports.all) {
  const stage = (handler: Server.Handler) =>
    Effect.map(Server.make(handler), (server) => ({
      server,
      provided: (options: Partial<ClerkConfig.Options> = {}) =>
        Layer.merge(
          Transports.layer(transport),
          Config.layer({ apiUrl: server.url, retry: Config.quickRetries, timeout: "1 minute", ...options })
        )
    }))

  describe(`over ${transport}`, () => {
    it.scopedLive("a success of 1 GB is read up to 16 MiB", () =>
      Effect.gen(function* () {
        const { provided, server } = yield* stage(Respond.spaces(200, GB))
        const error = yield* Effect.flip(Sessions.get("sess_1")).pipe(Effect.provide(provided()))
        assert.strictEqual(error._tag, "DecodeError")
        assert.include(error.message, "maxResponseSize")
        yield* server.until(
          "the request is aborted",
          ({ aborted, inFlight }) => aborted === 1 && inFlight === 0
        )
        // More than is read, because the sockets of both sides hold some megabytes.
        assert.isBelow(server.counters.written, 60 * MB)
      })
    )

    for (const status of [302, 401, 404, 500]) {
      it.scopedLive(`an error response of 1 GB with status ${status} is read up to 64 KiB`, () =>
        Effect.gen(function* () {
          const { provided, server } = yield* stage(Respond.spaces(status, GB))
          const error = yield* Effect.flip(Sessions.create({ userId: "user_1" })).pipe(
            Effect.provide(provided())
          )
          assert.strictEqual("status" in error ? error.status : error._tag, status)
          yield* server.until(
            "the request is aborted",
            ({ aborted, inFlight }) => aborted === 1 && inFlight === 0
          )
          assert.isBelow(server.counters.written, 30 * MB)
        })
      )
    }

    describe("maxResponseSize is exact", () => {
      const body = JSON.stringify(Wire.session)
      const size = Buffer.byteLength(body)
      const chunks = [body.slice(0, 100), body.slice(100)].map(
        (part) => `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`
      )
      const bodies: ReadonlyArray<readonly [string, Server.Handler]> = [
        ["with a Content-Length", Respond.complete(200, body)],
        [
          "in chunks",
          Respond.raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", ...chunks, "0\r\n\r\n")
        ],
        ...(transport === "fetch"
          ? [["of a decompressed body", Respond.gzipped(200, () => gzipSync(body))] as const]
          : [])
      ]
      for (const [name, handler] of bodies) {
        it.scopedLive(name, () =>
          Effect.gen(function* () {
            const { provided } = yield* stage(handler)
            const get = (maxResponseSize: number) =>
              Sessions.get("sess_1").pipe(Effect.provide(provided({ maxResponseSize })))
            assert.strictEqual((yield* get(size)).id, "sess_1")
            const error = yield* Effect.flip(get(size - 1))
            assert.strictEqual(error._tag, "DecodeError")
            assert.include(error.message, `${size - 1}`)
          })
        )
      }
    })
  })
}
