import { HttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Layer, Supervisor } from "effect"
import { type ClerkConfig, ClerkRetry, Sessions } from "effect-clerk"

import * as Config from "../support/config.js"
import * as Server from "../support/faultServer.js"
import { operations } from "../support/operations.js"
import * as Respond from "../support/respond.js"
import * as Transports from "../support/transports.js"
import type { Transport } from "../support/transports.js"

/** One connection was closed. undici may have opened another in its place. */
const isAborted = ({ aborted, open, opened }: Server.Counters) => aborted === 1 && opened - open === 1

/** A server, a client with settings for it, and a deferred that completes with the headers of a response. */
const stage = (transport: Transport, handler: Server.Handler, options: Partial<ClerkConfig.Options> = {}) =>
  Effect.gen(function* () {
    const server = yield* Server.make(handler)
    const headers = yield* Deferred.make<void>()
    const observed = Layer.effect(
      HttpClient.HttpClient,
      Effect.map(
        HttpClient.HttpClient,
        HttpClient.tap(() => Deferred.succeed(headers, undefined))
      )
    )
    const context = yield* Layer.build(
      Layer.merge(
        Layer.provide(observed, Transports.layer(transport)),
        Config.layer({ apiUrl: server.url, ...options })
      )
    )
    return { server, headers, context }
  })

/** Forks an effect, and returns an effect that waits until every fiber of it has ended. */
const supervised = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const supervisor = yield* Supervisor.track
    const fiber = yield* Effect.fork(Effect.supervised(self, supervisor))
    return { fiber, ended: Effect.flatMap(supervisor.value, Fiber.awaitAll) }
  })

for (const transport of Transports.all) {
  describe(`over ${transport}, an interruption`, () => {
    for (const { call, name } of operations) {
      it.scopedLive(`aborts the request of ${name} before the headers`, () =>
        Effect.gen(function* () {
          const { context, server } = yield* stage(transport, Respond.hang)
          const { ended, fiber } = yield* supervised(Effect.provide(call(), context))
          yield* server.until("the request is in flight", ({ inFlight }) => inFlight === 1)
          yield* Fiber.interrupt(fiber)
          yield* server.until("the request is aborted", isAborted)
          yield* ended
          assert.strictEqual(server.requests.length, 1)
        })
      )

      it.scopedLive(`aborts the request of ${name} within the body`, () =>
        Effect.gen(function* () {
          const { context, headers, server } = yield* stage(transport, Respond.drip)
          const { ended, fiber } = yield* supervised(Effect.provide(call(), context))
          yield* Deferred.await(headers)
          const { written } = server.counters
          yield* server.until("more of the body is sent", (counters) => counters.written > written + 10)
          yield* Fiber.interrupt(fiber)
          yield* server.until("the request is aborted", isAborted)
          yield* ended
        })
      )
    }

    it.scopedLive("aborts a request within the body of an error response", () =>
      Effect.gen(function* () {
        const { context, headers, server } = yield* stage(transport, Respond.dripAt(422))
        const { ended, fiber } = yield* supervised(Effect.provide(Sessions.get("sess_1"), context))
        yield* Deferred.await(headers)
        // The client reads the body after the headers.
        yield* Server.turn
        yield* Fiber.interrupt(fiber)
        yield* server.until("the request is aborted", isAborted)
        yield* ended
      })
    )

    it.scopedLive("ends the wait between two attempts, and leaves the connection usable", () =>
      Effect.gen(function* () {
        const { context, headers, server } = yield* stage(transport, Respond.complete(503, ""), {
          retry: ClerkRetry.schedule({ base: "1 hour", maxDelay: "1 hour" }),
          deadline: Duration.infinity
        })
        const { ended, fiber } = yield* supervised(Effect.provide(Sessions.get("sess_1"), context))
        yield* Deferred.await(headers)
        yield* server.until("the first attempt has ended", ({ inFlight }) => inFlight === 0)
        yield* Server.turn
        assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
        yield* ended
        server.handle(Respond.success)
        yield* Effect.provide(Sessions.get("sess_1"), context)
        assert.strictEqual(server.requests.length, 2)
        assert.strictEqual(server.counters.opened, 1)
      })
    )

    it.scopedLive("aborts the loser of a race", () =>
      Effect.gen(function* () {
        const { context, server } = yield* stage(transport, (exchange) =>
          (exchange.request.target.endsWith("/sess_slow") ? Respond.hang : Respond.success)(exchange)
        )
        const slow = Effect.provide(Sessions.get("sess_slow"), context)
        const fast = Effect.provide(Sessions.get("sess_1"), context)
        const { ended, fiber } = yield* supervised(
          Effect.race(
            slow,
            Effect.zipRight(
              server.until("the slow request is in flight", ({ inFlight }) => inFlight === 1),
              fast
            )
          )
        )
        assert.strictEqual((yield* Fiber.join(fiber)).id, "sess_1")
        yield* server.until(
          "the slow request is aborted",
          ({ aborted, inFlight }) => aborted === 1 && inFlight === 0
        )
        yield* ended
      })
    )
  })
}
