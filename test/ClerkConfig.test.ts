import type { HttpClient } from "@effect/platform/HttpClient"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { ClerkConfig, type ClerkError, ClerkRetry, Sessions } from "effect-clerk"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"

import * as Mock from "./support/mock.js"
import * as Wire from "./support/wire.js"

const secretKey = Redacted.make(Wire.secretKey)

const settings = <E>(layer: Layer.Layer<ClerkConfig.ClerkConfig, E>) =>
  ClerkConfig.ClerkConfig.pipe(Effect.provide(layer))

describe("layer", () => {
  it.effect("has defaults for all options but the secret key", () =>
    Effect.gen(function* () {
      const { retry, ...others } = yield* settings(ClerkConfig.layer({ secretKey }))
      deepStrictEqual(others, {
        secretKey,
        apiUrl: "https://api.clerk.com",
        apiVersion: "2026-05-12",
        timeout: Duration.seconds(10),
        deadline: Duration.seconds(30),
        userAgent: "effect-clerk/0.1.0",
        maxResponseSize: 16_777_216,
        traceAttempts: false
      })
      assert.isTrue(Schedule.isSchedule(retry))
    })
  )

  it.effect("takes every option", () =>
    Effect.gen(function* () {
      const retry = ClerkRetry.schedule({ times: 7 })
      const all = yield* settings(
        ClerkConfig.layer({
          secretKey: Redacted.make(` ${Wire.secretKey}\n`),
          apiUrl: "http://127.0.0.1:8080/clerk/v1/",
          apiVersion: "2025-04-10",
          timeout: Duration.infinity,
          deadline: "1 minute",
          retry,
          userAgent: "my-app/1.0 (test)",
          maxResponseSize: 1000,
          traceAttempts: true
        })
      )
      deepStrictEqual(all, {
        secretKey,
        apiUrl: "http://127.0.0.1:8080/clerk",
        apiVersion: "2025-04-10",
        timeout: Duration.infinity,
        deadline: Duration.minutes(1),
        retry,
        userAgent: "my-app/1.0 (test)",
        maxResponseSize: 1000,
        traceAttempts: true
      })
      assert.strictEqual(Redacted.value(all.secretKey), Wire.secretKey)
    })
  )

  for (const [apiUrl, base] of [
    ["https://api.clerk.com/v1", "https://api.clerk.com"],
    ["https://api.clerk.com/v1/", "https://api.clerk.com"],
    ["https://api.clerk.com//", "https://api.clerk.com"],
    ["https://proxy.example.com/clerk/", "https://proxy.example.com/clerk"],
    ["http://localhost:3000", "http://localhost:3000"],
    ["http://clerk.localhost", "http://clerk.localhost"],
    ["http://127.0.0.2:1", "http://127.0.0.2:1"],
    ["http://[::1]:1/v1", "http://[::1]:1"]
  ] as const) {
    it.effect(`sends requests to the apiUrl ${apiUrl}`, () =>
      Effect.gen(function* () {
        const { layer, requests } = Mock.clerk({ apiUrl })
        yield* Sessions.get("sess_1").pipe(Effect.provide(layer))
        assert.strictEqual(requests[0]?.url.href, `${base}/v1/sessions/sess_1`)
      })
    )
  }
})

describe("make", () => {
  it("validates without a layer", () => {
    assert.isTrue(Exit.isSuccess(Effect.runSyncExit(ClerkConfig.make({ secretKey }))))
    assert.isTrue(Exit.isFailure(Effect.runSyncExit(ClerkConfig.make({ secretKey: Redacted.make("") }))))
  })

  it("validates when the effect runs", () => {
    const wiped = Redacted.make(Wire.secretKey)
    const made = ClerkConfig.make({ secretKey: wiped })
    Redacted.unsafeWipe(wiped)
    assert.isTrue(Exit.isFailure(Effect.runSyncExit(made)))
  })
})

const provided = <A, E, R>(entries: Record<string, string>, self: Effect.Effect<A, E, R>) =>
  Effect.withConfigProvider(self, ConfigProvider.fromMap(new Map(Object.entries(entries))))

describe("layerEnv", () => {
  const required = { CLERK_SECRET_KEY: Wire.secretKey }
  const read = (entries: Record<string, string>) => provided(entries, settings(ClerkConfig.layerEnv))

  it.effect("reads five variables", () =>
    Effect.gen(function* () {
      const all = yield* read({
        ...required,
        CLERK_API_URL: "http://localhost:1/v1",
        CLERK_API_VERSION: "2025-04-10",
        CLERK_TIMEOUT: "3 seconds",
        CLERK_DEADLINE: " 1 minute "
      })
      assert.strictEqual(Redacted.value(all.secretKey), Wire.secretKey)
      deepStrictEqual(
        [all.apiUrl, all.apiVersion, all.timeout, all.deadline],
        ["http://localhost:1", "2025-04-10", Duration.seconds(3), Duration.minutes(1)]
      )
    })
  )

  it.effect("takes infinity for a limit", () =>
    Effect.gen(function* () {
      const { deadline, timeout } = yield* read({
        ...required,
        CLERK_TIMEOUT: "infinity",
        CLERK_DEADLINE: "Infinity"
      })
      deepStrictEqual([timeout, deadline], [Duration.infinity, Duration.infinity])
    })
  )

  for (const [name, empty] of [
    ["missing", undefined],
    ["empty", ""],
    ["blank", " "]
  ] as const) {
    it.effect(`uses the default of a variable that is ${name}`, () =>
      Effect.gen(function* () {
        const optional = ["CLERK_API_URL", "CLERK_API_VERSION", "CLERK_TIMEOUT", "CLERK_DEADLINE"]
        const entries = empty === undefined ? {} : Object.fromEntries(optional.map((name) => [name, empty]))
        const { apiUrl, apiVersion, deadline, timeout } = yield* read({ ...required, ...entries })
        deepStrictEqual(
          [apiUrl, apiVersion, timeout, deadline],
          ["https://api.clerk.com", "2026-05-12", Duration.seconds(10), Duration.seconds(30)]
        )
      })
    )
  }
})

describe("layerConfig", () => {
  it.effect("takes each option as a value or as a Config", () =>
    Effect.gen(function* () {
      const layer = ClerkConfig.layerConfig({
        secretKey: Config.redacted("KEY"),
        apiUrl: "http://localhost:1",
        apiVersion: Config.string("VERSION"),
        timeout: Config.duration("TIME").pipe(Config.withDefault("1 minute")),
        deadline: "2 minutes",
        retry: Config.succeed(Schedule.stop),
        maxResponseSize: Config.integer("SIZE"),
        traceAttempts: true,
        userAgent: undefined
      })
      const all = yield* provided(
        { KEY: Wire.secretKey, VERSION: "2025-04-10", SIZE: "1000" },
        settings(layer)
      )
      assert.strictEqual(Redacted.value(all.secretKey), Wire.secretKey)
      deepStrictEqual(all, {
        secretKey,
        apiUrl: "http://localhost:1",
        apiVersion: "2025-04-10",
        timeout: Duration.minutes(1),
        deadline: Duration.minutes(2),
        retry: Schedule.stop,
        userAgent: "effect-clerk/0.1.0",
        maxResponseSize: 1000,
        traceAttempts: true
      })
    })
  )

  it.effect("fails with the name of a missing variable", () =>
    Effect.gen(function* () {
      const layer = ClerkConfig.layerConfig({ secretKey: Config.redacted("KEY") })
      assert.match(String(yield* provided({}, Effect.flip(settings(layer)))), /KEY/)
    })
  )

  it.effect("fails with the name of an option whose Config gives a bad value", () =>
    Effect.gen(function* () {
      const layer = ClerkConfig.layerConfig({ secretKey, timeout: Config.duration("TIME") })
      const error = yield* provided({ TIME: "0 seconds" }, Effect.flip(settings(layer)))
      assert.match(String(error), /timeout.*longer than zero/)
    })
  )
})

describe("modifiers", () => {
  type Failing<A> = Effect.Effect<A, ClerkError.ClerkError, HttpClient | ClerkConfig.ClerkConfig>

  /** Runs an effect to its end on the test clock, and returns its error and the times of the requests. */
  const run = <A>(self: Failing<A>, respond: Mock.Respond, options: Partial<ClerkConfig.Options> = {}) =>
    Effect.gen(function* () {
      const { layer, requests } = Mock.make(respond, { retry: Schedule.stop, ...options })
      const fiber = yield* Effect.fork(Effect.flip(self).pipe(Effect.provide(layer)))
      yield* TestClock.adjust("1 day")
      return { error: yield* Fiber.join(fiber), at: requests.map(({ at }) => at) }
    })

  const everySecond = Schedule.intersect(Schedule.spaced("1 second"), Schedule.recurs(2))
  const hang = () => Effect.never
  const unavailable = () => Mock.json({}, 503)
  const stream = Sessions.stream({ userId: "user_1" })

  const subjects: ReadonlyArray<
    readonly [string, (modify: typeof ClerkConfig.withoutRetry) => Failing<unknown>]
  > = [
    ["an effect", (modify) => modify(Sessions.get("sess_1"))],
    ["a stream", (modify) => Stream.runCollect(modify(stream))],
    ["an effect that runs a stream", (modify) => modify(Stream.runCollect(stream))]
  ]
  for (const [name, modified] of subjects) {
    it.effect(`withTimeout sets the time limit of each attempt of ${name}`, () =>
      Effect.gen(function* () {
        const { error } = yield* run(modified(ClerkConfig.withTimeout("7 seconds")), hang)
        assert(error._tag === "Timeout")
        deepStrictEqual([error.limit, error.duration], ["timeout", Duration.seconds(7)])
      })
    )

    it.effect(`withDeadline sets the time limit of ${name}`, () =>
      Effect.gen(function* () {
        const { error } = yield* run(modified(ClerkConfig.withDeadline("7 seconds")), hang)
        assert(error._tag === "Timeout")
        deepStrictEqual([error.limit, error.duration], ["deadline", Duration.seconds(7)])
      })
    )

    it.effect(`withRetry sets the retry policy of ${name}`, () =>
      Effect.gen(function* () {
        const { at } = yield* run(modified(ClerkConfig.withRetry(everySecond)), unavailable)
        deepStrictEqual(at, [0, 1000, 2000])
      })
    )

    it.effect(`withoutRetry turns retries of ${name} off`, () =>
      Effect.gen(function* () {
        const { at } = yield* run(modified(ClerkConfig.withoutRetry), unavailable, { retry: everySecond })
        deepStrictEqual(at, [0])
      })
    )
  }

  it.effect("the inner of two modifiers wins", () =>
    Effect.gen(function* () {
      const { error } = yield* run(
        Sessions.get("sess_1").pipe(
          ClerkConfig.withTimeout("1 second"),
          ClerkConfig.withTimeout("2 seconds"),
          ClerkConfig.withRetry(everySecond)
        ),
        hang
      )
      assert(error._tag === "Timeout")
      deepStrictEqual(error.duration, Duration.seconds(1))
    })
  )

  it.effect("a limit of a stream holds for the request of each page", () =>
    Effect.gen(function* () {
      const page = (offset: string | null) =>
        Mock.json({ data: [{ ...Wire.session, id: `sess_${offset}` }], total_count: 3 })
      const slow: Mock.Respond = ({ url }) =>
        Effect.delay(
          Effect.sync(() => page(url.searchParams.get("offset"))),
          "4 seconds"
        )
      const { layer, requests } = Mock.make(slow)
      const sessions = Sessions.stream({ userId: "user_1", pageSize: 1 }).pipe(
        Stream.take(3),
        ClerkConfig.withTimeout("5 seconds"),
        ClerkConfig.withDeadline("5 seconds")
      )
      const fiber = yield* Effect.fork(Stream.runCount(sessions).pipe(Effect.provide(layer)))
      yield* TestClock.adjust("12 seconds")
      assert.strictEqual(yield* Fiber.join(fiber), 3)
      assert.strictEqual(requests.length, 3)
    })
  )

  it.effect("take the value first or last", () =>
    Effect.gen(function* () {
      const first = yield* run(ClerkConfig.withTimeout(Sessions.get("sess_1"), "1 second"), hang)
      const last = yield* run(ClerkConfig.withTimeout("1 second")(Sessions.get("sess_1")), hang)
      deepStrictEqual(first.error.message, last.error.message)
    })
  )
})
