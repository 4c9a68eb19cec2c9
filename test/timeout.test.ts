import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { ClerkConfig, ClerkRetry, Sessions } from "effect-clerk"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"

import * as Mock from "./support/mock.js"
import * as Wire from "./support/wire.js"

/** An answer whose body starts, and never ends. */
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

const within = (mock: ReturnType<typeof Mock.make>, call = Sessions.get("sess_1")) =>
  Effect.fork(Effect.flip(call).pipe(Effect.provide(mock.layer)))

describe("the timeout of an attempt", () => {
  it.effect("is 10 seconds, and says so", () =>
    Effect.gen(function* () {
      const fiber = yield* within(Mock.make(() => Effect.never, { retry: Schedule.stop }))
      yield* TestClock.adjust("9999 millis")
      assert.isNull(fiber.unsafePoll())
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(fiber)
      assert(error._tag === "Timeout")
      deepStrictEqual(error.duration, Duration.seconds(10))
      assert.strictEqual(
        error.message,
        "Sessions.get (GET /v1/sessions/sess_1): no complete response within the timeout of 10s; the request may have taken effect; try again, or raise the timeout setting"
      )
    })
  )

  it.effect("covers the body, and cancels it", () =>
    Effect.gen(function* () {
      const { isCancelled, response } = stalled()
      const fiber = yield* within(Mock.make(() => response, { timeout: "2 seconds", retry: Schedule.stop }))
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "Timeout")
      assert.isTrue(isCancelled())
    })
  )

  it.effect("starts anew with each attempt", () =>
    Effect.gen(function* () {
      const mock = Mock.make(() => Effect.never, {
        timeout: "1 second",
        retry: ClerkRetry.schedule({ times: 2, base: "1 minute", factor: 1 })
      })
      const fiber = yield* within(mock)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "Timeout")
      assert.strictEqual(mock.requests.length, 3)
    })
  )

  it.effect("can be set for one call, and turned off", () =>
    Effect.gen(function* () {
      const mock = Mock.make(() => Effect.never, { retry: Schedule.stop, deadline: Duration.infinity })
      const short = yield* within(mock, ClerkConfig.withTimeout(Sessions.get("a"), "5 millis"))
      yield* TestClock.adjust("5 millis")
      assert.strictEqual((yield* Fiber.join(short))._tag, "Timeout")
      const endless = yield* within(mock, Sessions.get("a").pipe(ClerkConfig.withTimeout(Duration.infinity)))
      yield* TestClock.adjust("1000 days")
      assert.isNull(endless.unsafePoll())
      yield* Fiber.interrupt(endless)
    })
  )

  it.effect("holds in a region that cannot be interrupted", () =>
    Effect.gen(function* () {
      const fiber = yield* within(
        Mock.make(() => Effect.never, { retry: Schedule.stop }),
        Effect.uninterruptible(Sessions.get("a"))
      )
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "Timeout")
    })
  )
})

describe("interruption", () => {
  it.effect("before the answer interrupts the request and waits for that", () =>
    Effect.gen(function* () {
      const started = yield* Deferred.make<void>()
      const interrupted = yield* Deferred.make<void>()
      const mock = Mock.make(() =>
        Deferred.succeed(started, undefined).pipe(
          Effect.zipRight(Effect.never),
          Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
        )
      )
      const fiber = yield* within(mock)
      yield* Deferred.await(started)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(yield* Deferred.isDone(interrupted))
    })
  )

  it.effect("within the body cancels it", () =>
    Effect.gen(function* () {
      const { isCancelled, response } = stalled()
      const mock = Mock.make(() => response)
      const fiber = yield* within(mock)
      yield* Effect.yieldNow().pipe(Effect.repeat({ until: () => mock.requests.length === 1 }))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      assert.isTrue(isCancelled())
    })
  )

  it.effect("between two attempts prevents the second", () =>
    Effect.gen(function* () {
      const mock = Mock.make(() => Mock.json({}, 503))
      const fiber = yield* within(mock)
      yield* TestClock.adjust("100 millis")
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 day")
      assert.strictEqual(mock.requests.length, 1)
    })
  )
})

describe("what a call leaves behind", () => {
  it.effect("no change to the caller's context and fiber refs", () =>
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
