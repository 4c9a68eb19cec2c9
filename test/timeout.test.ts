import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { ClerkConfig, ClerkError, ClerkRetry, Sessions } from "effect-clerk"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"

import * as Mock from "./support/mock.js"
import { type Call, operations } from "./support/operations.js"
import * as Wire from "./support/wire.js"

/** A response whose body begins and never ends. */
const stalled = () => {
  let cancelled = false
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode('{"object":')),
    cancel: () => {
      cancelled = true
    }
  })
  return { response: new Response(body), isCancelled: () => cancelled }
}

/** Forks a call that fails. */
const forkFlip = (mock: ReturnType<typeof Mock.make>, call: Call = Sessions.get("sess_1")) =>
  Effect.fork(Effect.flip(call).pipe(Effect.provide(mock.layer)))

describe("the timeout of an attempt", () => {
  it.effect("is 10 seconds by default", () =>
    Effect.gen(function* () {
      const fiber = yield* forkFlip(Mock.make(() => Effect.never, { retry: Schedule.stop }))
      yield* TestClock.adjust("9999 millis")
      assert.isNull(fiber.unsafePoll())
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(fiber)
      assert(error._tag === "Timeout")
      deepStrictEqual([error.limit, error.duration], ["timeout", Duration.seconds(10)])
      assert.match(error.message, /within the timeout of 10s/)
    })
  )

  it.effect("includes the body, and cancels it", () =>
    Effect.gen(function* () {
      const { isCancelled, response } = stalled()
      const fiber = yield* forkFlip(Mock.make(() => response, { timeout: "2 seconds", retry: Schedule.stop }))
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "Timeout")
      assert.isTrue(isCancelled())
    })
  )

  it.effect("begins again with each attempt", () =>
    Effect.gen(function* () {
      const mock = Mock.make(() => Effect.never, {
        timeout: "1 second",
        retry: ClerkRetry.schedule({ times: 2, base: "1 minute", factor: 1 })
      })
      const fiber = yield* forkFlip(mock)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "Timeout")
      assert.strictEqual(mock.requests.length, 3)
    })
  )

  it.effect("can be set for one call and turned off", () =>
    Effect.gen(function* () {
      const mock = Mock.make(() => Effect.never, { retry: Schedule.stop, deadline: Duration.infinity })
      const short = yield* forkFlip(mock, ClerkConfig.withTimeout(Sessions.get("a"), "5 millis"))
      yield* TestClock.adjust("5 millis")
      assert.strictEqual((yield* Fiber.join(short))._tag, "Timeout")
      const endless = yield* forkFlip(
        mock,
        Sessions.get("a").pipe(ClerkConfig.withTimeout(Duration.infinity))
      )
      yield* TestClock.adjust("1000 days")
      assert.isNull(endless.unsafePoll())
      yield* Fiber.interrupt(endless)
    })
  )

  it.effect("holds in an uninterruptible region", () =>
    Effect.gen(function* () {
      const fiber = yield* forkFlip(
        Mock.make(() => Effect.never, { retry: Schedule.stop }),
        Effect.uninterruptible(Sessions.get("a"))
      )
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "Timeout")
    })
  )
})

describe("the deadline of an operation", () => {
  it.effect("is 30 seconds by default on a server that hangs", () =>
    Effect.gen(function* () {
      for (const { call, name, repeatable } of operations) {
        const mock = Mock.make(() => Effect.never)
        const start = yield* TestClock.currentTimeMillis
        const fiber = yield* forkFlip(mock, call())
        yield* TestClock.adjust(repeatable ? "29999 millis" : "9999 millis")
        assert.isNull(fiber.unsafePoll(), name)
        yield* TestClock.adjust("1 millis")
        const error = yield* Fiber.join(fiber)
        assert(error._tag === "Timeout")
        const limit = repeatable
          ? (["deadline", Duration.seconds(30)] as const)
          : (["timeout", Duration.seconds(10)] as const)
        deepStrictEqual([error.limit, error.duration], limit, name)
        assert.match(error.message, repeatable ? /within the deadline of 30s/ : /within the timeout of 10s/)
        assert.strictEqual(mock.requests.length, repeatable ? 3 : 1, name)
        assert.isBelow((mock.requests.at(-1)?.at ?? 0) - start, 30_000)
      }
    })
  )

  it.effect("ends an attempt that has more time left", () =>
    Effect.gen(function* () {
      const { isCancelled, response } = stalled()
      const fiber = yield* forkFlip(Mock.make(() => response, { deadline: "2 seconds" }))
      yield* TestClock.adjust("2 seconds")
      const error = yield* Fiber.join(fiber)
      assert(error._tag === "Timeout")
      deepStrictEqual([error.limit, error.duration], ["deadline", Duration.seconds(2)])
      assert.isTrue(isCancelled())
    })
  )

  it.effect("begins no wait that would pass it, and gives the last error at once", () =>
    Effect.gen(function* () {
      for (const status of [429, 503]) {
        const mock = Mock.make(() => Mock.json({}, status, { "retry-after": "59" }))
        const error = yield* Effect.flip(Sessions.get("sess_1")).pipe(Effect.provide(mock.layer))
        assert("status" in error)
        assert.strictEqual(error.status, status)
        deepStrictEqual(ClerkError.retryAfter(error), Option.some(Duration.seconds(59)))
        assert.strictEqual(mock.requests.length, 1)
      }
    })
  )

  it.effect("counts the time of earlier attempts and waits", () =>
    Effect.gen(function* () {
      const unavailable = Effect.delay(Effect.succeed(Mock.json({}, 503)), "3 seconds")
      const mock = Mock.make(() => unavailable, {
        deadline: "10 seconds",
        retry: Schedule.spaced("1 second")
      })
      const fiber = yield* forkFlip(mock)
      yield* TestClock.adjust("1 minute")
      const error = yield* Fiber.join(fiber)
      // The third attempt begins at 8 seconds and would end at 11.
      assert(error._tag === "Timeout")
      assert.strictEqual(error.limit, "deadline")
      deepStrictEqual(
        mock.requests.map(({ at }) => at),
        [0, 4000, 8000]
      )
    })
  )

  it.effect("begins no wait that would end with it", () =>
    Effect.gen(function* () {
      const attempts = (deadline: Duration.DurationInput) =>
        Effect.gen(function* () {
          const mock = Mock.make(() => Mock.json({}, 503), { deadline, retry: Schedule.spaced("1 second") })
          const fiber = yield* forkFlip(mock)
          yield* TestClock.adjust("1 minute")
          assert.strictEqual((yield* Fiber.join(fiber))._tag, "ApiError")
          return mock.requests.length
        })
      deepStrictEqual([yield* attempts("3 seconds"), yield* attempts("3001 millis")], [3, 4])
    })
  )

  it.effect("can be turned off", () =>
    Effect.gen(function* () {
      const mock = Mock.make(() => Mock.json({}, 503, { "retry-after": "59" }), {
        deadline: Duration.infinity
      })
      const fiber = yield* forkFlip(mock)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "ApiError")
      assert.strictEqual(mock.requests.length, 4)
    })
  )
})

describe("an interruption", () => {
  it.effect("before the headers interrupts the request and waits for its end", () =>
    Effect.gen(function* () {
      const started = yield* Deferred.make<void>()
      const interrupted = yield* Deferred.make<void>()
      const mock = Mock.make(() =>
        Deferred.succeed(started, undefined).pipe(
          Effect.zipRight(Effect.never),
          Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
        )
      )
      const fiber = yield* forkFlip(mock)
      yield* Deferred.await(started)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(yield* Deferred.isDone(interrupted))
    })
  )

  it.effect("within the body cancels the body", () =>
    Effect.gen(function* () {
      const { isCancelled, response } = stalled()
      const mock = Mock.make(() => response)
      const fiber = yield* forkFlip(mock)
      yield* Effect.yieldNow().pipe(Effect.repeat({ until: () => mock.requests.length === 1 }))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      assert.isTrue(isCancelled())
    })
  )

  it.effect("between two attempts prevents the second attempt", () =>
    Effect.gen(function* () {
      const mock = Mock.make(() => Mock.json({}, 503))
      const fiber = yield* forkFlip(mock)
      yield* TestClock.adjust("100 millis")
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 day")
      assert.strictEqual(mock.requests.length, 1)
    })
  )
})

describe("a call", () => {
  it.effect("leaves the context and the FiberRefs of the caller unchanged", () =>
    Effect.gen(function* () {
      const mock = Mock.make(() => Mock.json(Wire.session))
      const refs = Effect.map(Effect.getFiberRefs, ({ locals }) => [...locals.keys()])
      const services = Effect.map(Effect.context<never>(), ({ unsafeMap }) => [...unsafeMap.keys()])
      const [before, after] = yield* Effect.all([refs, services]).pipe(
        (state) => Effect.all([state, Effect.zipRight(Sessions.get("a"), state)]),
        Effect.provide(mock.layer)
      )
      deepStrictEqual(after, before)
    })
  )
})
