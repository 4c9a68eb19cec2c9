import type { HttpClient } from "@effect/platform/HttpClient"
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

import * as Stub from "./utils/stub.js"

type Call = Effect.Effect<unknown, ClerkError.ClerkError, HttpClient | ClerkConfig.ClerkConfig>

const repeatable: Record<string, Call> = {
  list: Sessions.list({ userId: "user_1" }),
  listPage: Sessions.listPage({ userId: "user_1" }),
  get: Sessions.get("sess_1"),
  revoke: Sessions.revoke("sess_1"),
  createToken: Sessions.createToken("sess_1"),
  createTokenFromTemplate: Sessions.createTokenFromTemplate("sess_1", "hasura")
}

const onceOnly: Record<string, Call> = {
  create: Sessions.create({ userId: "user_1" }),
  refresh: Sessions.refresh("sess_1", {
    expiredToken: "a",
    refreshToken: "b",
    requestOrigin: "https://example.com"
  })
}

/** Runs a call to its end on the test clock, and tells when each of its attempts was made. */
const attempts = (
  call: Call,
  answer: Parameters<typeof Stub.make>[0],
  options: Partial<ClerkConfig.Options> = {}
) =>
  Effect.gen(function* () {
    const stub = Stub.make(answer, { deadline: Duration.infinity, ...options })
    const fiber = yield* Effect.fork(Effect.exit(call).pipe(Effect.provide(stub.layer)))
    yield* TestClock.adjust("1 day")
    return { exit: yield* Fiber.join(fiber), at: stub.seen.map(({ at }) => at) }
  })

// Rounded: jittered delays are fractions of a millisecond, whose sums are not exact.
const delays = (at: ReadonlyArray<number>) => at.slice(1).map((time, i) => Math.round(time - (at[i] ?? 0)))

const tagOf = (exit: Exit.Exit<unknown, ClerkError.ClerkError>) =>
  Exit.match(exit, {
    onSuccess: () => "Success",
    onFailure: (cause) => (cause._tag === "Fail" ? cause.error._tag : cause._tag)
  })

describe("the retry table", () => {
  const rows: ReadonlyArray<
    readonly [
      name: string,
      answer: Parameters<typeof Stub.make>[0],
      repeated: "always" | "safe" | "never",
      tag: string
    ]
  > = [
    ["429", () => Stub.json(Stub.envelope("too_many_requests"), 429), "always", "RateLimited"],
    ["no connection", () => Stub.reset, "safe", "TransportError"],
    ["no answer in time", () => Effect.never, "safe", "Timeout"],
    ["408", () => Stub.json({}, 408), "safe", "ApiError"],
    ["408 with an envelope", () => Stub.json(Stub.envelope("timeout"), 408), "safe", "ClerkErrors"],
    ["500", () => Stub.json({}, 500), "safe", "ApiError"],
    ["503 with an envelope", () => Stub.json(Stub.envelope("down"), 503), "safe", "ApiError"],
    ["521", () => Stub.json({}, 521), "safe", "ApiError"],
    ["302", () => Stub.json({}, 302), "never", "ApiError"],
    ["400", () => Stub.json(Stub.envelope("bad"), 400), "never", "ClerkErrors"],
    ["401", () => Stub.json(Stub.envelope("who"), 401), "never", "Unauthorized"],
    ["422", () => Stub.json(Stub.envelope("form"), 422), "never", "ClerkErrors"],
    ["a 4xx that is not Clerk's", () => Stub.json("?", 418), "never", "ApiError"],
    ["a body that does not fit", () => Stub.json({}), "never", "DecodeError"]
  ]

  for (const [name, answer, repeated, tag] of rows) {
    it.effect(`${name}: ${repeated}`, () =>
      Effect.gen(function* () {
        for (const [calls, expected] of [
          [repeatable, repeated === "never" ? 1 : 4],
          [onceOnly, repeated === "always" ? 4 : 1]
        ] as const) {
          for (const [operation, call] of Object.entries(calls)) {
            const { at, exit } = yield* attempts(call, answer)
            assert.strictEqual(at.length, expected, operation)
            assert.strictEqual(tagOf(exit), tag, operation)
          }
        }
      })
    )
  }

  it.effect("404: never", () =>
    Effect.gen(function* () {
      const { at } = yield* attempts(Sessions.get("a"), () =>
        Stub.json(Stub.envelope("resource_not_found"), 404)
      )
      assert.strictEqual(at.length, 1)
    })
  )

  it.effect("arguments that are refused: never", () =>
    Effect.gen(function* () {
      const { at, exit } = yield* attempts(Sessions.get(".."), () => Stub.json({}, 500))
      deepStrictEqual([at.length, tagOf(exit)], [0, "InvalidRequest"])
    })
  )
})

describe("the built-in policy", () => {
  it.effect("waits 200, 400 and 800 milliseconds, give or take a fifth", () =>
    Effect.gen(function* () {
      const { at } = yield* attempts(Sessions.get("a"), () => Stub.json({}, 500))
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

  it.effect("waits whole milliseconds, so that spans can be timed by a test clock", () =>
    Effect.gen(function* () {
      const traced = Effect.withSpan(repeatable["get"] ?? Effect.void, "get")
      const { at, exit } = yield* attempts(traced, () => Stub.json({}, 503), {
        retry: ClerkRetry.schedule({ base: "1.5 millis" })
      })
      assert.lengthOf(at, 4)
      assert.isTrue(at.every(Number.isInteger))
      assert.strictEqual(tagOf(exit), "ApiError")
    })
  )

  it.effect("ends with the first success", () =>
    Effect.gen(function* () {
      const { at, exit } = yield* attempts(Sessions.get("a"), (_, count) =>
        count < 3 ? Stub.json({}, 503) : Stub.json(Stub.wireSession)
      )
      deepStrictEqual([at.length, tagOf(exit)], [3, "Success"])
    })
  )

  it.effect("has no delay longer than its cap", () =>
    Effect.gen(function* () {
      const retry = ClerkRetry.schedule({ times: 5, base: "1 second", factor: 10, maxDelay: "3 seconds" })
      const { at } = yield* attempts(Sessions.get("a"), () => Stub.json({}, 500), { retry })
      deepStrictEqual(delays(at).slice(1), [3000, 3000, 3000, 3000])
    })
  )

  it.effect("is never shorter than a Retry-After, in seconds or as a date", () =>
    Effect.gen(function* () {
      const inSeconds = yield* attempts(Sessions.get("a"), () => Stub.json({}, 429, { "retry-after": "7.5" }))
      deepStrictEqual(delays(inSeconds.at), [7500, 7500, 7500])
      const asDate = yield* attempts(Sessions.get("a"), ({ at }) =>
        Stub.json({}, 503, { "retry-after": new Date(Math.ceil(at / 1000) * 1000 + 5000).toUTCString() })
      )
      for (const delay of delays(asDate.at)) {
        assert.isAtLeast(delay, 5000)
        assert.isBelow(delay, 6001)
      }
    })
  )

  it.effect("keeps its own delay where a Retry-After is shorter", () =>
    Effect.gen(function* () {
      const { at } = yield* attempts(Sessions.get("a"), () => Stub.json({}, 429, { "retry-after": "0" }))
      assert.isAtLeast(delays(at)[2] ?? 0, 640)
    })
  )

  it.effect("gives a long Retry-After to the caller at once", () =>
    Effect.gen(function* () {
      const { at, exit } = yield* attempts(Sessions.get("a"), () =>
        Stub.json({}, 429, { "retry-after": "61" })
      )
      assert.strictEqual(at.length, 1)
      assert(Exit.isFailure(exit) && exit.cause._tag === "Fail")
      deepStrictEqual(ClerkError.retryAfter(exit.cause.error), Option.some(Duration.seconds(61)))
      const patient = yield* attempts(Sessions.get("a"), () => Stub.json({}, 429, { "retry-after": "61" }), {
        retry: ClerkRetry.schedule({ times: 1, maxRetryAfter: "61 seconds" })
      })
      deepStrictEqual(delays(patient.at), [61_000])
    })
  )
})

describe("other policies", () => {
  const down = () => Stub.json({}, 503)

  it.effect("none", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* attempts(Sessions.get("a"), down, { retry: Schedule.stop })).at.length, 1)
      assert.strictEqual((yield* attempts(ClerkConfig.withoutRetry(Sessions.get("a")), down)).at.length, 1)
    })
  )

  it.effect("a schedule of one's own, still only where it is safe", () =>
    Effect.gen(function* () {
      const everySecond = Schedule.spaced("1 second").pipe(Schedule.intersect(Schedule.recurs(5)))
      const safe = yield* attempts(Sessions.get("a"), down, { retry: everySecond })
      deepStrictEqual(delays(safe.at), [1000, 1000, 1000, 1000, 1000])
      const unsafe = yield* attempts(Sessions.create({ userId: "user_1" }), down, { retry: everySecond })
      assert.strictEqual(unsafe.at.length, 1)
    })
  )

  it.effect("for one call or a region", () =>
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

  it.effect("a schedule piped by hand, which knows what must not be repeated", () =>
    Effect.gen(function* () {
      const byHand = <A>(
        call: Effect.Effect<A, ClerkError.ClerkError, HttpClient | ClerkConfig.ClerkConfig>
      ) => call.pipe(ClerkConfig.withoutRetry, Effect.retry(ClerkRetry.schedule({ times: 2 })))
      assert.strictEqual((yield* attempts(byHand(Sessions.get("a")), down)).at.length, 3)
      assert.strictEqual((yield* attempts(byHand(Sessions.create({ userId: "a" })), down)).at.length, 1)
    })
  )
})
