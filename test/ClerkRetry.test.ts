import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { ClerkConfig, ClerkError, ClerkRetry, Sessions } from "effect-clerk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"

import * as Mock from "./support/mock.js"
import { type Call, operations, outcomeOf } from "./support/operations.js"
import * as Wire from "./support/wire.js"

/** Starts a call, and returns an effect that gives its exit and the times of its attempts. */
const start = (call: Call, respond: Mock.Respond, options: Partial<ClerkConfig.Options> = {}) =>
  Effect.gen(function* () {
    const { layer, requests } = Mock.make(respond, { deadline: Duration.infinity, ...options })
    const fiber = yield* Effect.fork(Effect.exit(call).pipe(Effect.provide(layer)))
    return Effect.map(Fiber.join(fiber), (exit) => ({ exit, at: requests.map(({ at }) => at) }))
  })

/** Runs a call to its end on the test clock. */
const attempts = (...args: Parameters<typeof start>) =>
  Effect.flatMap(start(...args), (ended) => Effect.zipRight(TestClock.adjust("1 day"), ended))

const delays = (at: ReadonlyArray<number>) => at.slice(1).map((time, i) => time - (at[i] ?? 0))

const lost = (code: string) => Effect.fail(new Mock.Lost({ cause: Object.assign(new Error(code), { code }) }))

describe("the retry table", () => {
  const rows: ReadonlyArray<
    readonly [
      name: string,
      respond: Mock.Respond,
      retried: "always" | "where it is safe" | "never",
      tag: string
    ]
  > = [
    ["a 429", () => Mock.json(Wire.envelope("too_many_requests"), 429), "always", "RateLimited"],
    ["a connection refused", () => lost("ECONNREFUSED"), "always", "TransportError"],
    ["a host that is not found", () => lost("ENOTFOUND"), "always", "TransportError"],
    ["a connect timeout", () => lost("UND_ERR_CONNECT_TIMEOUT"), "always", "TransportError"],
    ["a certificate error", () => lost("CERT_HAS_EXPIRED"), "never", "TransportError"],
    ["a connection that breaks", () => Mock.reset, "where it is safe", "TransportError"],
    ["a timeout", () => Effect.never, "where it is safe", "Timeout"],
    ["a 408", () => Mock.json({}, 408), "where it is safe", "ApiError"],
    [
      "a 408 with an envelope",
      () => Mock.json(Wire.envelope("timeout"), 408),
      "where it is safe",
      "ClerkErrors"
    ],
    ["a 500", () => Mock.json({}, 500), "where it is safe", "ApiError"],
    ["a 503 with an envelope", () => Mock.json(Wire.envelope("down"), 503), "where it is safe", "ApiError"],
    ["a 521", () => Mock.json({}, 521), "where it is safe", "ApiError"],
    ["a 302", () => Mock.json({}, 302), "never", "ApiError"],
    ["a 400", () => Mock.json(Wire.envelope("bad"), 400), "never", "ClerkErrors"],
    ["a 401", () => Mock.json(Wire.envelope("who"), 401), "never", "Unauthorized"],
    ["a 422", () => Mock.json(Wire.envelope("form"), 422), "never", "ClerkErrors"],
    ["a 4xx without an envelope", () => Mock.json("?", 418), "never", "ApiError"],
    ["a body that does not decode", () => Mock.json({}), "never", "DecodeError"]
  ]

  for (const [name, respond, retried, tag] of rows) {
    it.effect(`${name} is ${retried === "never" ? "never retried" : `retried ${retried}`}`, () =>
      Effect.gen(function* () {
        const started = yield* Effect.forEach(operations, ({ call }) => start(call(), respond))
        yield* TestClock.adjust("1 day")
        for (const [index, { name, repeatable }] of operations.entries()) {
          const isRetried = retried === "always" || (retried === "where it is safe" && repeatable)
          const { at, exit } = yield* started[index] ?? Effect.dieMessage(name)
          assert.strictEqual(at.length, isRetried ? 4 : 1, name)
          assert.strictEqual(outcomeOf(exit), tag, name)
        }
      })
    )
  }

  it.effect("a refusal of the program's own limiter is never retried", () => {
    const error = new ClerkError.RateLimited({
      operation: "Sessions.get",
      method: "GET",
      path: "/v1/sessions/a",
      errors: [{ code: "client_rate_limit", message: "", longMessage: Option.none(), meta: {} }]
    })
    assert.isFalse(ClerkError.isRetryable(error))
    assert.isTrue(ClerkError.isRetryable(new ClerkError.RateLimited({ ...error, errors: [] })))
    return Effect.void
  })

  it.effect("a 404 is never retried", () =>
    Effect.gen(function* () {
      const { at } = yield* attempts(Sessions.get("a"), () =>
        Mock.json(Wire.envelope("resource_not_found"), 404)
      )
      assert.strictEqual(at.length, 1)
    })
  )

  it.effect("arguments that are refused are never retried", () =>
    Effect.gen(function* () {
      const { at, exit } = yield* attempts(Sessions.get(".."), () => Mock.json({}, 500))
      deepStrictEqual([at.length, outcomeOf(exit)], [0, "InvalidRequest"])
    })
  )
})

describe("the error after the last attempt", () => {
  it.effect("is that of the last attempt", () =>
    Effect.gen(function* () {
      const { exit } = yield* attempts(Sessions.get("a"), (_, index) =>
        index < 4 ? Mock.reset : Mock.json({}, 503)
      )
      assert.strictEqual(outcomeOf(exit), "ApiError")
    })
  )
})

describe("ClerkRetry.schedule", () => {
  it.effect("waits 200, 400 and 800 milliseconds, 80 to 120 % of each", () =>
    Effect.gen(function* () {
      const { at } = yield* attempts(Sessions.get("a"), () => Mock.json({}, 500))
      const [first, second, third] = delays(at)
      assert(first !== undefined && second !== undefined && third !== undefined)
      for (const [delay, nominal] of [
        [first, 200],
        [second, 400],
        [third, 800]
      ] as const) {
        assert.isAtLeast(delay, nominal * 0.8 - 1)
        assert.isAtMost(delay, nominal * 1.2 + 1)
      }
    })
  )

  it.effect("waits whole milliseconds, so that a test clock can time spans", () =>
    Effect.gen(function* () {
      const traced = Effect.withSpan(Sessions.get("a"), "get")
      const { at, exit } = yield* attempts(traced, () => Mock.json({}, 503), {
        retry: ClerkRetry.schedule({ base: "1.5 millis" })
      })
      assert.lengthOf(at, 4)
      assert.isTrue(at.every(Number.isInteger))
      assert.strictEqual(outcomeOf(exit), "ApiError")
    })
  )

  it.effect("ends with the first success", () =>
    Effect.gen(function* () {
      const { at, exit } = yield* attempts(Sessions.get("a"), (_, count) =>
        count < 3 ? Mock.json({}, 503) : Mock.json(Wire.session)
      )
      deepStrictEqual([at.length, outcomeOf(exit)], [3, "value"])
    })
  )

  it.effect("waits no longer than maxDelay", () =>
    Effect.gen(function* () {
      const retry = ClerkRetry.schedule({ times: 5, base: "1 second", factor: 10, maxDelay: "3 seconds" })
      const { at } = yield* attempts(Sessions.get("a"), () => Mock.json({}, 500), { retry })
      deepStrictEqual(delays(at).slice(1), [3000, 3000, 3000, 3000])
    })
  )

  it.effect("waits at least as long as a Retry-After, in seconds or as a date", () =>
    Effect.gen(function* () {
      const inSeconds = yield* attempts(Sessions.get("a"), () => Mock.json({}, 429, { "retry-after": "7.5" }))
      deepStrictEqual(delays(inSeconds.at), [7500, 7500, 7500])
      const asDate = yield* attempts(Sessions.get("a"), ({ at }) =>
        Mock.json({}, 503, { "retry-after": new Date(Math.ceil(at / 1000) * 1000 + 5000).toUTCString() })
      )
      for (const delay of delays(asDate.at)) {
        assert.isAtLeast(delay, 5000)
        assert.isBelow(delay, 6001)
      }
    })
  )

  it.effect("waits its own delay where a Retry-After is shorter", () =>
    Effect.gen(function* () {
      const { at } = yield* attempts(Sessions.get("a"), () => Mock.json({}, 429, { "retry-after": "0" }))
      assert.isAtLeast(delays(at)[2] ?? 0, 640)
    })
  )

  it.effect("fails at once for a Retry-After longer than maxRetryAfter", () =>
    Effect.gen(function* () {
      const { at, exit } = yield* attempts(Sessions.get("a"), () =>
        Mock.json({}, 429, { "retry-after": "61" })
      )
      assert.strictEqual(at.length, 1)
      assert(Exit.isFailure(exit) && exit.cause._tag === "Fail")
      deepStrictEqual(ClerkError.retryAfter(exit.cause.error), Option.some(Duration.seconds(61)))
      const patient = yield* attempts(Sessions.get("a"), () => Mock.json({}, 429, { "retry-after": "61" }), {
        retry: ClerkRetry.schedule({ times: 1, maxRetryAfter: "61 seconds" })
      })
      deepStrictEqual(delays(patient.at), [61_000])
    })
  )
})

describe("the retry setting", () => {
  const down = () => Mock.json({}, 503)

  it.effect("can turn retries off", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* attempts(Sessions.get("a"), down, { retry: Schedule.stop })).at.length, 1)
      assert.strictEqual((yield* attempts(ClerkConfig.withoutRetry(Sessions.get("a")), down)).at.length, 1)
    })
  )

  it.effect("can be any schedule, and retries only where it is safe", () =>
    Effect.gen(function* () {
      const everySecond = Schedule.spaced("1 second").pipe(Schedule.intersect(Schedule.recurs(5)))
      const safe = yield* attempts(Sessions.get("a"), down, { retry: everySecond })
      deepStrictEqual(delays(safe.at), [1000, 1000, 1000, 1000, 1000])
      const unsafe = yield* attempts(Sessions.create({ userId: "user_1" }), down, { retry: everySecond })
      assert.strictEqual(unsafe.at.length, 1)
    })
  )

  it.effect("can be changed for one call or for several", () =>
    Effect.gen(function* () {
      const twice = Sessions.get("a").pipe(ClerkConfig.withRetry(ClerkRetry.schedule({ times: 1 })))
      assert.strictEqual((yield* attempts(twice, down)).at.length, 2)
      const region = ClerkConfig.withRetry(
        Effect.all([Effect.flip(Sessions.get("a")), Effect.flip(Sessions.get("b"))]),
        Schedule.stop
      )
      assert.strictEqual((yield* attempts(Effect.orDie(region), down)).at.length, 2)
    })
  )

  it.effect(
    "can be replaced by Effect.retry with ClerkRetry.schedule, which retries only where it is safe",
    () =>
      Effect.gen(function* () {
        const byHand = (call: Call) =>
          call.pipe(ClerkConfig.withoutRetry, Effect.retry(ClerkRetry.schedule({ times: 2 })))
        assert.strictEqual((yield* attempts(byHand(Sessions.get("a")), down)).at.length, 3)
        assert.strictEqual((yield* attempts(byHand(Sessions.create({ userId: "a" })), down)).at.length, 1)
      })
  )
})
