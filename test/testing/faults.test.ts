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

/** One attempt, and how it failed. */
const failure = <A, E, R>(operation: Effect.Effect<A, E, R>) =>
  Effect.flip(ClerkConfig.withoutRetry(operation))

const befall = (...args: Parameters<ClerkTest.Service["fail"]>) =>
  Effect.flatMap(ClerkTest.ClerkTest, (clerk) => clerk.fail(...args))

const counted = Effect.map(
  Effect.flatMap(ClerkTest.ClerkTest, (clerk) => clerk.requests),
  (requests) => requests.length
)

describe("a fault", () => {
  it.effect("rateLimited is a 429 that says how long to wait, if it was told", () =>
    Effect.gen(function* () {
      yield* befall(Fault.rateLimited("1500 millis"))
      yield* befall(Fault.rateLimited())
      const told = yield* failure(Sessions.get("sess_1"))
      assert.instanceOf(told, ClerkError.RateLimited)
      deepStrictEqual(told.retryAfter, Option.some(Duration.millis(1500)))
      assert.strictEqual(told.errors[0]?.code, "too_many_requests")
      const untold = yield* failure(Sessions.get("sess_1"))
      assert.instanceOf(untold, ClerkError.RateLimited)
      deepStrictEqual(untold.retryAfter, Option.none())
      yield* Sessions.get("sess_1")
    }).pipe(Effect.provide(seeded))
  )

  it.effect("status is an answer of that status and those errors, and nothing happens", () =>
    Effect.gen(function* () {
      yield* befall(Fault.status(409, ClerkTest.errors("conflict", { code: "other", longMessage: "More." })))
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
      yield* befall(Fault.status(503))
      const unavailable = yield* failure(Sessions.revoke("sess_1"))
      assert.instanceOf(unavailable, ClerkError.ApiError)
      assert.strictEqual(unavailable.status, 503)
      assert.strictEqual((yield* Sessions.get("sess_1")).status, "active")
    }).pipe(Effect.provide(seeded))
  )

  it.effect("status can be one that has no body", () =>
    Effect.gen(function* () {
      yield* befall(Fault.status(304))
      const error = yield* failure(Sessions.get("sess_1"))
      assert.instanceOf(error, ClerkError.ApiError)
      assert.strictEqual(error.status, 304)
    }).pipe(Effect.provide(seeded))
  )

  it.effect("reset loses the connection before anything happens", () =>
    Effect.gen(function* () {
      yield* befall(Fault.reset)
      const error = yield* failure(Sessions.revoke("sess_1"))
      assert.instanceOf(error, ClerkError.TransportError)
      assert.include(error.detail, "ECONNRESET")
      assert.strictEqual((yield* Sessions.get("sess_1")).status, "active")
    }).pipe(Effect.provide(seeded))
  )

  it.effect("lost loses the connection after it has happened", () =>
    Effect.gen(function* () {
      yield* befall(Fault.lost)
      const error = yield* failure(Sessions.revoke("sess_1"))
      assert.instanceOf(error, ClerkError.TransportError)
      assert.strictEqual((yield* Sessions.get("sess_1")).status, "revoked")
    }).pipe(Effect.provide(seeded))
  )

  it.effect("lost leaves behind what a second attempt would find twice", () =>
    Effect.gen(function* () {
      yield* befall(Fault.lost)
      const error = yield* Effect.flip(Sessions.create({ userId: "user_1" }))
      assert.instanceOf(error, ClerkError.TransportError)
      assert.lengthOf(yield* Sessions.list({ userId: "user_1" }), 2)
    }).pipe(Effect.provide(seeded))
  )

  it.effect("garbled cuts the body of the answer in half", () =>
    Effect.gen(function* () {
      const whole = yield* send("GET", "/v1/sessions/sess_1")
      yield* befall(Fault.garbled)
      const error = yield* Effect.flip(Sessions.revoke("sess_1"))
      assert.instanceOf(error, ClerkError.DecodeError)
      assert.strictEqual(yield* counted, 2)
      assert.strictEqual(whole.status, 200)
      assert.strictEqual((yield* Sessions.get("sess_1")).status, "revoked")
    }).pipe(Effect.provide(seeded))
  )

  it.effect("hang gives no answer until the client's timeout, on the test clock", () =>
    Effect.gen(function* () {
      yield* befall(Fault.hang)
      const fiber = yield* Effect.fork(failure(Sessions.get("sess_1")))
      yield* TestClock.adjust("9999 millis")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* TestClock.adjust("1 millis")
      assert.instanceOf(yield* Fiber.join(fiber), ClerkError.Timeout)
    }).pipe(Effect.provide(seeded))
  )

  it.effect("delay answers later, on the test clock", () =>
    Effect.gen(function* () {
      yield* befall(Fault.delay("3 seconds"))
      const fiber = yield* Effect.fork(Sessions.revoke("sess_1"))
      yield* TestClock.adjust("2999 millis")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(fiber)).updatedAt.epochMillis, 3000)
    }).pipe(Effect.provide(seeded))
  )

  it.effect("delay longer than the client waits is a timeout, and the request is never handled", () =>
    Effect.gen(function* () {
      yield* befall(Fault.delay("30 seconds"))
      const fiber = yield* Effect.fork(failure(Sessions.revoke("sess_1")))
      yield* TestClock.adjust("1 minute")
      assert.instanceOf(yield* Fiber.join(fiber), ClerkError.Timeout)
      assert.strictEqual((yield* Sessions.get("sess_1")).status, "active")
    }).pipe(Effect.provide(seeded))
  )
})

describe("faults", () => {
  it.effect("apply in the order given, as often as given, and then the Clerk is well again", () =>
    Effect.gen(function* () {
      yield* befall(Fault.status(500), { times: 2 })
      yield* befall(Fault.reset)
      const tag = Effect.map(failure(Sessions.get("sess_1")), (error) => error._tag)
      deepStrictEqual(yield* Effect.all([tag, tag, tag]), ["ApiError", "ApiError", "TransportError"])
      yield* Sessions.get("sess_1")
      assert.strictEqual(yield* counted, 4)
    }).pipe(Effect.provide(seeded))
  )

  it.effect("befall one operation, and leave the others alone", () =>
    Effect.gen(function* () {
      yield* befall(Fault.status(500), { operation: "Sessions.revoke" })
      yield* befall(Fault.reset)
      assert.instanceOf(yield* failure(Sessions.get("sess_1")), ClerkError.TransportError)
      yield* Sessions.get("sess_1")
      assert.instanceOf(yield* failure(Sessions.revoke("sess_1")), ClerkError.ApiError)
      yield* Sessions.revoke("sess_1")
    }).pipe(Effect.provide(seeded))
  )

  it.effect("are retried away by the client, on the test clock, after what the server asks to wait", () =>
    Effect.gen(function* () {
      yield* befall(Fault.rateLimited("20 seconds"))
      yield* befall(Fault.reset)
      yield* befall(Fault.hang)
      const fiber = yield* Effect.fork(Sessions.get("sess_1"))
      yield* TestClock.adjust("19 seconds")
      assert.strictEqual(yield* counted, 1)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(fiber)).id, "sess_1")
      assert.strictEqual(yield* counted, 4)
    }).pipe(Effect.provide(seeded))
  )

  it.effect("do not upset a Clerk whose clock a jittered delay has left between two milliseconds", () =>
    Effect.gen(function* () {
      const clerk = yield* ClerkTest.ClerkTest
      yield* befall(Fault.status(500))
      const fiber = yield* Effect.fork(Sessions.revoke("sess_1"))
      yield* TestClock.adjust("1 minute")
      const { updatedAt } = yield* Fiber.join(fiber)
      assert.strictEqual(updatedAt.epochMillis, 12)
      deepStrictEqual((yield* clerk.sessions)[0]?.updatedAt, updatedAt)
    }).pipe(ClerkConfig.withRetry(Schedule.spaced("12.5 millis")), Effect.provide(seeded))
  )

  it.effect("outlast a policy that gives up earlier", () =>
    Effect.gen(function* () {
      yield* befall(Fault.status(502), { times: 3 })
      const fiber = yield* Effect.fork(Effect.flip(Sessions.get("sess_1")))
      yield* TestClock.adjust("1 minute")
      assert.instanceOf(yield* Fiber.join(fiber), ClerkError.ApiError)
      assert.strictEqual(yield* counted, 2)
    }).pipe(ClerkConfig.withRetry(ClerkRetry.schedule({ times: 1 })), Effect.provide(seeded))
  )

  it.effect("end with the request that is interrupted", () =>
    Effect.gen(function* () {
      yield* befall(Fault.hang)
      const fiber = yield* Effect.fork(Sessions.get("sess_1"))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      yield* Sessions.get("sess_1")
    }).pipe(Effect.provide(seeded))
  )
})
