import { HttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Duration, Effect, Exit, Fiber, Layer, Option, Supervisor } from "effect"
import { ClerkRetry, Sessions } from "effect-clerk"
import type { ClerkConfig } from "effect-clerk"

import * as B from "./behaviours.js"
import * as Server from "./server.js"
import { operations, outcomeOf, secretsFor, settings, transports } from "./subjects.js"
import type { Transport } from "./subjects.js"

const secrets = secretsFor("cancellation")

/** How soon the server must have seen that nobody waits for its answer any more. */
const soon = "100 millis"

/** One connection broken off; undici may have opened another one in its place, for what comes next. */
const isAborted = ({ aborted, open, opened }: Server.Counters) => aborted === 1 && opened - open === 1

/** A server, the settings for it, and a way to wait until the client holds the headers of an answer. */
const stage = (
  transport: Transport,
  behaviour: Server.Behaviour,
  options: Partial<ClerkConfig.Options> = {}
) =>
  Effect.gen(function* () {
    const server = yield* Server.make(behaviour)
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
        Layer.provide(observed, transports[transport]()),
        settings(server.url, secrets.key, options)
      )
    )
    return { server, headers, context }
  })

/** Runs on a fiber that is watched, with every fiber that it starts. */
const watched = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const supervisor = yield* Supervisor.track
    const fiber = yield* Effect.fork(Effect.supervised(self, supervisor))
    const noneLeft = Effect.gen(function* () {
      const left = yield* Effect.flatMap(supervisor.value, Fiber.awaitAll).pipe(Effect.timeoutOption(soon))
      assert(Option.isSome(left), "a fiber is still running")
    })
    return { fiber, noneLeft }
  })

for (const transport of ["fetch", "undici", "tuned undici"] as const) {
  describe(`over ${transport}`, () => {
    for (const operation of operations) {
      it.live(`${operation.name}: interrupted before the headers`, () =>
        Effect.gen(function* () {
          const { context, server } = yield* stage(transport, B.hang)
          const { fiber, noneLeft } = yield* watched(Effect.provide(operation.call(secrets), context))
          yield* server.until("the request is in flight", ({ inFlight }) => inFlight === 1)
          yield* Fiber.interrupt(fiber)
          yield* server.until("the abort is seen", isAborted, soon)
          yield* noneLeft
          assert.strictEqual(server.requests.length, 1)
        }).pipe(Effect.scoped)
      )

      it.live(`${operation.name}: interrupted within the body`, () =>
        Effect.gen(function* () {
          const { context, headers, server } = yield* stage(transport, B.drip)
          const { fiber, noneLeft } = yield* watched(Effect.provide(operation.call(secrets), context))
          yield* Deferred.await(headers)
          const { written } = server.counters
          yield* server.until("more of the body is sent", (counters) => counters.written > written + 10)
          yield* Fiber.interrupt(fiber)
          yield* server.until("the abort is seen", isAborted, soon)
          yield* noneLeft
        }).pipe(Effect.scoped)
      )
    }

    it.live("interrupted within the body of an error", () =>
      Effect.gen(function* () {
        const { context, headers, server } = yield* stage(transport, B.dripAt(422))
        const { fiber, noneLeft } = yield* watched(Effect.provide(Sessions.get("sess_1"), context))
        yield* Deferred.await(headers)
        yield* Fiber.interrupt(fiber)
        yield* server.until("the abort is seen", isAborted, soon)
        yield* noneLeft
      }).pipe(Effect.scoped)
    )

    it.live("interrupted while the caller's own client looks at the headers", () =>
      Effect.gen(function* () {
        const { context, headers, server } = yield* stage(transport, B.drip)
        const hesitant = HttpClient.tap(Context.get(context, HttpClient.HttpClient), () => Effect.never)
        const { fiber, noneLeft } = yield* watched(
          Sessions.get("sess_1").pipe(
            Effect.provideService(HttpClient.HttpClient, hesitant),
            Effect.provide(context)
          )
        )
        yield* Deferred.await(headers)
        yield* Fiber.interrupt(fiber)
        yield* server.until("the abort is seen", isAborted, soon)
        yield* noneLeft
      }).pipe(Effect.scoped)
    )

    it.live("interrupted between two attempts", () =>
      Effect.gen(function* () {
        const retry = ClerkRetry.schedule({ times: 5, base: "1 hour", maxDelay: "1 hour" })
        const { context, headers, server } = yield* stage(transport, B.answer(503, ""), { retry })
        const { fiber, noneLeft } = yield* watched(Effect.provide(Sessions.get("sess_1"), context))
        yield* Deferred.await(headers)
        yield* server.until("the first attempt is over", ({ inFlight }) => inFlight === 0)
        yield* Server.turn
        const [elapsed, exit] = yield* Effect.timed(Fiber.interrupt(fiber))
        assert.isTrue(Exit.isInterrupted(exit))
        assert.isBelow(Duration.toMillis(elapsed), 100)
        yield* noneLeft
        server.behave(B.honest)
        yield* Effect.provide(Sessions.get("sess_1"), context)
        assert.strictEqual(server.requests.length, 2)
        assert.strictEqual(server.counters.opened, 1)
      }).pipe(Effect.scoped)
    )

    it.live("the loser of a race is aborted", () =>
      Effect.gen(function* () {
        const { context, server } = yield* stage(transport, (exchange) =>
          (exchange.request.target.endsWith("/sess_slow") ? B.hang : B.honest)(exchange)
        )
        const slow = Effect.provide(Sessions.get("sess_slow"), context)
        const fast = Effect.provide(Sessions.get("sess_1"), context)
        const { fiber, noneLeft } = yield* watched(
          Effect.race(
            slow,
            Effect.zipRight(
              server.until("the slow one is on its way", ({ inFlight }) => inFlight === 1),
              fast
            )
          )
        )
        assert.strictEqual((yield* Fiber.join(fiber)).id, "sess_1")
        yield* server.until(
          "the abort is seen",
          ({ aborted, inFlight }) => aborted === 1 && inFlight === 0,
          soon
        )
        yield* noneLeft
      }).pipe(Effect.scoped)
    )

    it.live("a timeout aborts its attempt and lets the next one begin", () =>
      Effect.gen(function* () {
        const { context, server } = yield* stage(transport, B.inTurn(B.hang, B.drip, B.honest), {
          timeout: "150 millis"
        })
        const { fiber, noneLeft } = yield* watched(Effect.provide(Sessions.get("sess_1"), context))
        for (const attempt of [1, 2]) {
          yield* server.until(`attempt ${attempt} is in flight`, ({ inFlight }) => inFlight === 1)
          yield* server.until("its abort is seen in time", ({ aborted }) => aborted === attempt, "250 millis")
        }
        assert.strictEqual(outcomeOf(yield* Fiber.await(fiber)), "value")
        assert.strictEqual(server.requests.length, 3)
        yield* noneLeft
        yield* server.until(
          "no connection is left over, but for the one that undici opens after an abort",
          ({ inFlight, open }) => inFlight === 0 && open <= 2,
          soon
        )
      }).pipe(Effect.scoped)
    )
  })
}
