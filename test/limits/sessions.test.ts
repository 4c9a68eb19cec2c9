import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Layer, Logger, LogLevel, Option, TestClock } from "effect"
import { ClerkConfig, ClerkError, Sessions } from "effect-clerk"
import * as ClerkRateLimiter from "effect-clerk/ClerkRateLimiter"
import { ClerkTest } from "effect-clerk/testing"

const ClerkLive = ClerkTest.layer({ sessions: [{ id: "sess_1" }] })

const withLimiter = (options?: ClerkRateLimiter.Options) =>
  Effect.provide(Layer.merge(ClerkLive, ClerkRateLimiter.layer(options)))

const countRequests = Effect.flatMap(ClerkTest.ClerkTest, (clerk) =>
  Effect.map(clerk.requests, (requests) => requests.length)
)

/** Takes all turns that are given at once: ten. */
const useUp = Effect.replicateEffect(Sessions.get("sess_1"), 10, { discard: true })

describe("operations within the quota", () => {
  it.effect("wait for a turn without using up the time of their attempt", () =>
    Effect.gen(function* () {
      const fibers = yield* Effect.forEach(Array.from({ length: 50 }), () =>
        Effect.fork(Sessions.get("sess_1"))
      )
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* countRequests, 10)
      yield* TestClock.adjust("4 seconds")
      const exits = yield* Effect.forEach(fibers, Fiber.await)
      assert.isTrue(exits.every(Exit.isSuccess))
      assert.strictEqual(yield* countRequests, 50)
    }).pipe(ClerkConfig.withTimeout("100 millis"), withLimiter())
  )

  it.effect("are sent at once without the layer", () =>
    Effect.gen(function* () {
      yield* Effect.replicateEffect(Sessions.get("sess_1"), 200, { discard: true })
      assert.strictEqual(yield* countRequests, 200)
    }).pipe(Effect.provide(ClerkLive))
  )

  it.effect("fail at once where the wait would pass the deadline, with nothing sent and no retry", () =>
    Effect.gen(function* () {
      yield* useUp
      const error = yield* Effect.flip(Sessions.get("sess_1"))
      assert.instanceOf(error, ClerkError.RateLimited)
      assert.match(error.message, /client_rate_limit nothing was sent: no turn .* within 1s \(deadline\)/)
      assert.isFalse(ClerkError.isRetryable(error))
      assert.isTrue(Option.isSome(error.retryAfter))
      assert.strictEqual(yield* countRequests, 10)
    }).pipe(ClerkConfig.withDeadline("1 second"), withLimiter())
  )

  it.effect("are held back by a 429 of another operation, for its Retry-After", () =>
    Effect.gen(function* () {
      const clerk = yield* ClerkTest.ClerkTest
      yield* clerk.inject(ClerkTest.Fault.rateLimited("5 seconds"))
      const refused = yield* Effect.flip(ClerkConfig.withoutRetry(Sessions.get("sess_1")))
      assert.strictEqual(refused._tag, "RateLimited")
      const waiting = yield* Effect.fork(Sessions.get("sess_1"))
      yield* TestClock.adjust("4999 millis")
      assert.strictEqual(yield* countRequests, 1)
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(waiting)
      assert.strictEqual(yield* countRequests, 2)
    }).pipe(withLimiter())
  )

  it.effect("take a turn for each attempt of a retry", () =>
    Effect.gen(function* () {
      const clerk = yield* ClerkTest.ClerkTest
      yield* clerk.inject(ClerkTest.Fault.status(503), { times: 3 })
      const calling = yield* Effect.fork(Sessions.get("sess_1"))
      // A turn every 5.001 seconds.
      yield* TestClock.adjust("15002 millis")
      assert.strictEqual(yield* countRequests, 3)
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(calling)
      assert.strictEqual(yield* countRequests, 4)
    }).pipe(
      ClerkConfig.withDeadline("1 minute"),
      Effect.provide(Layer.merge(ClerkLive, ClerkRateLimiter.layer({ quota: 2 })))
    )
  )

  it.effect("log nothing about a turn that was refused but the failure itself", () => {
    const lines: Array<string> = []
    return Effect.gen(function* () {
      yield* useUp
      lines.length = 0
      const waiting = yield* Effect.fork(Effect.exit(Sessions.get("sess_1")))
      const refused = yield* Effect.exit(Effect.replicateEffect(Sessions.get("sess_1"), 30))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(waiting)
      assert.isTrue(Exit.isFailure(refused))
      assert.deepStrictEqual(lines, [])
    }).pipe(
      ClerkConfig.withDeadline("1 second"),
      withLimiter(),
      Effect.provide([
        Logger.replace(
          Logger.defaultLogger,
          Logger.make(({ cause, message }) => {
            lines.push(`${String(message)} ${Cause.pretty(cause)}`)
          })
        ),
        Logger.minimumLogLevel(LogLevel.All)
      ])
    )
  })
})
