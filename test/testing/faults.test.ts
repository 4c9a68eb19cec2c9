import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { ClerkConfig, ClerkError, ClerkRetry, Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"

import { send } from "./utils.js"

const { Fault } = ClerkTest

const seeded = ClerkTest.layer({ users: ["user_1"], sessions: [{ id: "sess_1", userId: "user_1" }] })

/** The error of one attempt. */
const failure = <A, E, R>(operation: Effect.Effect<A, E, R>) =>
  Effect.flip(ClerkConfig.withoutRetry(operation))

const inject = (...args: Parameters<ClerkTest.Service["inject"]>) =>
  Effect.flatMap(ClerkTest.ClerkTest, (clerk) => clerk.inject(...args))

const counted = Effect.map(
  Effect.flatMap(ClerkTest.ClerkTest, (clerk) => clerk.requests),
  (requests) => requests.length
)

describe("Fault", () => {
  it.effect("rateLimited responds with 429 and an optional Retry-After", () =>
    Effect.gen(function* () {
      yield* inject(Fault.rateLimited("1500 millis"))
      yield* inject(Fault.rateLimited())
      const withDelay = yield* failure(Sessions.get("sess_1"))
      assert.instanceOf(withDelay, ClerkError.RateLimited)
      deepStrictEqual(withDelay.retryAfter, Option.some(Duration.millis(1500)))
      assert.strictEqual(withDelay.errors[0]?.code, "too_many_requests")
      const without = yield* failure(Sessions.get("sess_1"))
      assert.instanceOf(without, ClerkError.RateLimited)
      deepStrictEqual(without.retryAfter, Option.none())
      yield* Sessions.get("sess_1")
    }).pipe(Effect.provide(seeded))
  )

  it.effect("status responds with the status and errors and handles nothing", () =>
    Effect.gen(function* () {
      yield* inject(Fault.status(409, ClerkTest.errors("conflict", { code: "other", longMessage: "More." })))
      const conflict = yield* failure(Sessions.revoke("sess_1"))
      assert.instanceOf(conflict, ClerkError.ClerkErrors)
      assert.strictEqual(conflict.status, 409)
      deepStrictEqual(
        conflict.errors.map(({ code, longMessage }) => [code, Option.getOrNull(longMessage)]),
        [
          ["conflict", null],
          ["other", "More."]
        ]
      )
      assert.isTrue(Option.isSome(conflict.traceId))
      yield* inject(Fault.status(503))
      const unavailable = yield* failure(Sessions.revoke("sess_1"))
      assert.instanceOf(unavailable, ClerkError.ApiError)
      assert.strictEqual(unavailable.status, 503)
      assert.strictEqual((yield* Sessions.get("sess_1")).status, "active")
    }).pipe(Effect.provide(seeded))
  )

  it.effect("status supports statuses without a body", () =>
    Effect.gen(function* () {
      yield* inject(Fault.status(304))
      const error = yield* failure(Sessions.get("sess_1"))
      assert.instanceOf(error, ClerkError.ApiError)
      assert.strictEqual(error.status, 304)
    }).pipe(Effect.provide(seeded))
  )

  it.effect("reset closes the connection before the request is handled", () =>
    Effect.gen(function* () {
      yield* inject(Fault.reset)
      const error = yield* failure(Sessions.revoke("sess_1"))
      assert.instanceOf(error, ClerkError.TransportError)
      assert.include(error.detail, "ECONNRESET")
      assert.strictEqual((yield* Sessions.get("sess_1")).status, "active")
    }).pipe(Effect.provide(seeded))
  )

  it.effect("responseLost closes the connection after the request is handled", () =>
    Effect.gen(function* () {
      yield* inject(Fault.responseLost)
      const error = yield* failure(Sessions.revoke("sess_1"))
      assert.instanceOf(error, ClerkError.TransportError)
      assert.strictEqual((yield* Sessions.get("sess_1")).status, "revoked")
    }).pipe(Effect.provide(seeded))
  )

  it.effect("responseLost leaves a created session behind", () =>
    Effect.gen(function* () {
      yield* inject(Fault.responseLost)
      const error = yield* Effect.flip(Sessions.create({ userId: "user_1" }))
      assert.instanceOf(error, ClerkError.TransportError)
      assert.lengthOf(yield* Sessions.list({ userId: "user_1" }), 2)
    }).pipe(Effect.provide(seeded))
  )

  it.effect("truncated responds with half of the body", () =>
    Effect.gen(function* () {
      const whole = yield* send("GET", "/v1/sessions/sess_1")
      yield* inject(Fault.truncated)
      const error = yield* Effect.flip(Sessions.revoke("sess_1"))
      assert.instanceOf(error, ClerkError.DecodeError)
      assert.strictEqual(yield* counted, 2)
      assert.strictEqual(whole.status, 200)
      assert.strictEqual((yield* Sessions.get("sess_1")).status, "revoked")
    }).pipe(Effect.provide(seeded))
  )

  it.effect("hang never responds, so the client times out", () =>
    Effect.gen(function* () {
      yield* inject(Fault.hang)
      const fiber = yield* Effect.fork(failure(Sessions.get("sess_1")))
      yield* TestClock.adjust("9999 millis")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* TestClock.adjust("1 millis")
      assert.instanceOf(yield* Fiber.join(fiber), ClerkError.Timeout)
    }).pipe(Effect.provide(seeded))
  )

  it.effect("delay handles the request later", () =>
    Effect.gen(function* () {
      yield* inject(Fault.delay("3 seconds"))
      const fiber = yield* Effect.fork(Sessions.revoke("sess_1"))
      yield* TestClock.adjust("2999 millis")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(fiber)).updatedAt.epochMillis, 3000)
    }).pipe(Effect.provide(seeded))
  )

  it.effect("delay beyond the timeout never handles the request", () =>
    Effect.gen(function* () {
      yield* inject(Fault.delay("30 seconds"))
      const fiber = yield* Effect.fork(failure(Sessions.revoke("sess_1")))
      yield* TestClock.adjust("1 minute")
      assert.instanceOf(yield* Fiber.join(fiber), ClerkError.Timeout)
      assert.strictEqual((yield* Sessions.get("sess_1")).status, "active")
    }).pipe(Effect.provide(seeded))
  )
})

describe("injected faults", () => {
  it.effect("apply in order, as often as given; afterwards requests succeed again", () =>
    Effect.gen(function* () {
      yield* inject(Fault.status(500), { times: 2 })
      yield* inject(Fault.reset)
      const tag = Effect.map(failure(Sessions.get("sess_1")), (error) => error._tag)
      deepStrictEqual(yield* Effect.all([tag, tag, tag]), ["ApiError", "ApiError", "TransportError"])
      yield* Sessions.get("sess_1")
      assert.strictEqual(yield* counted, 4)
    }).pipe(Effect.provide(seeded))
  )

  it.effect("of fewer than one time apply to nothing", () =>
    Effect.gen(function* () {
      for (const times of [0, -1, 0.5, Number.NaN]) yield* inject(Fault.status(500), { times })
      yield* ClerkConfig.withoutRetry(Sessions.get("sess_1"))
    }).pipe(Effect.provide(seeded))
  )

  it.effect("apply to one operation only", () =>
    Effect.gen(function* () {
      yield* inject(Fault.status(500), { operation: "Sessions.revoke" })
      yield* inject(Fault.reset)
      assert.instanceOf(yield* failure(Sessions.get("sess_1")), ClerkError.TransportError)
      yield* Sessions.get("sess_1")
      assert.instanceOf(yield* failure(Sessions.revoke("sess_1")), ClerkError.ApiError)
      yield* Sessions.revoke("sess_1")
    }).pipe(Effect.provide(seeded))
  )

  it.effect("are retried by the client after Retry-After", () =>
    Effect.gen(function* () {
      yield* inject(Fault.rateLimited("15 seconds"))
      yield* inject(Fault.reset)
      yield* inject(Fault.hang)
      const fiber = yield* Effect.fork(Sessions.get("sess_1"))
      yield* TestClock.adjust("14 seconds")
      assert.strictEqual(yield* counted, 1)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(fiber)).id, "sess_1")
      assert.strictEqual(yield* counted, 4)
    }).pipe(Effect.provide(seeded))
  )

  it.effect("work when the clock stands between two milliseconds", () =>
    Effect.gen(function* () {
      const clerk = yield* ClerkTest.ClerkTest
      yield* inject(Fault.status(500))
      const fiber = yield* Effect.fork(Sessions.revoke("sess_1"))
      yield* TestClock.adjust("1 minute")
      const { updatedAt } = yield* Fiber.join(fiber)
      assert.strictEqual(updatedAt.epochMillis, 12)
      deepStrictEqual((yield* clerk.sessions)[0]?.updatedAt, updatedAt)
    }).pipe(ClerkConfig.withRetry(Schedule.spaced("12.5 millis")), Effect.provide(seeded))
  )

  it.effect("fail an operation whose retries end earlier", () =>
    Effect.gen(function* () {
      yield* inject(Fault.status(502), { times: 3 })
      const fiber = yield* Effect.fork(Effect.flip(Sessions.get("sess_1")))
      yield* TestClock.adjust("1 minute")
      assert.instanceOf(yield* Fiber.join(fiber), ClerkError.ApiError)
      assert.strictEqual(yield* counted, 2)
    }).pipe(ClerkConfig.withRetry(ClerkRetry.schedule({ times: 1 })), Effect.provide(seeded))
  )

  it.effect("end when the request is interrupted", () =>
    Effect.gen(function* () {
      yield* inject(Fault.hang)
      const fiber = yield* Effect.fork(Sessions.get("sess_1"))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      yield* Sessions.get("sess_1")
    }).pipe(Effect.provide(seeded))
  )
})
