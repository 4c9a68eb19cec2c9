import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { type ClerkConfig, ClerkRetry, Sessions } from "effect-clerk"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Metric from "effect/Metric"
import * as MetricKeyType from "effect/MetricKeyType"
import * as MetricState from "effect/MetricState"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"

import * as Mock from "./support/mock.js"
import { type Call, operations } from "./support/operations.js"
import * as Spans from "./support/spans.js"
import * as Wire from "./support/wire.js"

const noDelay = ClerkRetry.schedule({ base: 0 })

/** Runs a call to its end, and returns its spans and the requests. */
const trace = (call: Call, respond: Mock.Respond, options: Partial<ClerkConfig.Options> = {}) =>
  Effect.gen(function* () {
    const { spans, tracer } = Spans.recorder()
    const { layer, requests } = Mock.make(respond, { retry: noDelay, ...options })
    const fiber = yield* Effect.fork(Effect.exit(call).pipe(Effect.provide(layer), Effect.withTracer(tracer)))
    yield* TestClock.adjust("1 day")
    yield* Fiber.join(fiber)
    return { spans, requests }
  })

/** Gives one response after the other, the last one for all later requests. */
const inTurn =
  (...responds: ReadonlyArray<() => ReturnType<Mock.Respond>>): Mock.Respond =>
  (_, index) =>
    (responds[index - 1] ?? responds.at(-1) ?? success)()

const success = () => Mock.json(Wire.session)
const status = (status: number, headers?: HeadersInit) => () =>
  Mock.json(Wire.envelope("code"), status, headers)
const broken = () => Mock.reset

describe("the span of an operation", () => {
  it.effect("has the ids, the status and the number of attempts", () =>
    Effect.gen(function* () {
      const { spans } = yield* trace(
        Effect.withSpan(Sessions.createTokenFromTemplate("sess_1", "hasura"), "outer"),
        () => Mock.json(Wire.token)
      )
      deepStrictEqual(spans.map(Spans.nameAndParent), [
        ["outer", undefined],
        ["Sessions.createTokenFromTemplate", "outer"]
      ])
      deepStrictEqual(Object.fromEntries(spans[1]?.attributes ?? []), {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "server.address": "api.clerk.com",
        "url.template": "/v1/sessions/{sessionId}/tokens/{templateName}",
        "clerk.attempts": 1,
        "clerk.sessionId": "sess_1",
        "clerk.templateName": "hasura"
      })
    })
  )

  it.effect("ends with the failure, and has its tag, status and trace id", () =>
    Effect.gen(function* () {
      const { spans } = yield* trace(Sessions.get("sess_1"), inTurn(status(503), status(503), status(401)))
      const [{ attributes, status: ended } = assert.fail()] = spans
      assert.strictEqual(attributes.get("clerk.attempts"), 3)
      assert.strictEqual(attributes.get("http.response.status_code"), 401)
      assert.strictEqual(attributes.get("error.type"), "Unauthorized")
      assert.strictEqual(attributes.get("clerk.trace_id"), "trace_1")
      assert(ended._tag === "Ended" && ended.exit._tag === "Failure")
      assert.match(String(ended.exit.cause), /Unauthorized/)
    })
  )

  it.effect("has no status where the last attempt got no response", () =>
    Effect.gen(function* () {
      for (const last of [broken, () => Effect.never]) {
        const { spans } = yield* trace(Sessions.get("sess_1"), inTurn(status(503), last))
        const attributes = spans[0]?.attributes
        assert.strictEqual(attributes?.get("clerk.attempts"), 4)
        assert.isFalse(attributes?.has("http.response.status_code"))
        assert.isFalse(attributes?.has("clerk.trace_id"))
      }
    })
  )

  it.effect("has an event for each retry", () =>
    Effect.gen(function* () {
      const { spans } = yield* trace(
        Sessions.get("sess_1"),
        inTurn(status(503), broken, status(429, { "retry-after": "7" }), success)
      )
      // Log lines of a span become events, too.
      const retries = spans[0]?.events.filter(([name]) => name === "retry")
      deepStrictEqual(retries, [
        ["retry", { "clerk.attempt": 2, "clerk.delay_ms": 0, "error.type": "ApiError" }],
        ["retry", { "clerk.attempt": 3, "clerk.delay_ms": 0, "error.type": "TransportError" }],
        ["retry", { "clerk.attempt": 4, "clerk.delay_ms": 7000, "error.type": "RateLimited" }]
      ])
    })
  )

  it.effect("has no secret argument", () =>
    Effect.gen(function* () {
      const { spans } = yield* trace(Sessions.get(Wire.token.jwt), success)
      assert.notInclude(JSON.stringify(spans.map(({ attributes }) => [...attributes])), "eyJ")
    })
  )

  it.effect("has a child for each attempt with traceAttempts", () =>
    Effect.gen(function* () {
      const { spans } = yield* trace(Sessions.get("sess_1"), inTurn(status(503), success), {
        traceAttempts: true
      })
      deepStrictEqual(spans.map(Spans.nameAndParent), [
        ["Sessions.get", undefined],
        ["http.client GET", "Sessions.get"],
        ["http.client GET", "Sessions.get"]
      ])
      assert.notInclude(JSON.stringify(spans.map(({ attributes }) => [...attributes])), Wire.secretKey)
    })
  )

  it.effect("is not sent to Clerk", () =>
    Effect.gen(function* () {
      for (const traceAttempts of [false, true]) {
        const { requests } = yield* trace(Sessions.get("sess_1"), success, { traceAttempts })
        assert.notProperty(requests[0]?.headers, "traceparent")
        assert.notProperty(requests[0]?.headers, "b3")
      }
    })
  )
})

describe("log lines", () => {
  const lines = (respond: Mock.Respond, options: Partial<ClerkConfig.Options>) =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => {
        lines.push(`${logLevel.label} ${[message].flat().join(" ")}`)
      })
      const { layer } = Mock.make(respond, options)
      const fiber = yield* Effect.exit(Sessions.get("sess_1")).pipe(
        Effect.provide(layer),
        Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
        Logger.withMinimumLogLevel(LogLevel.All),
        Effect.fork
      )
      yield* TestClock.adjust("1 day")
      yield* Fiber.join(fiber)
      return lines
    })
  const twice = (delay: Duration.DurationInput) =>
    Schedule.intersect(Schedule.spaced(delay), Schedule.recurs(2))

  it.effect("tell of each retry at Debug", () =>
    Effect.gen(function* () {
      deepStrictEqual(yield* lines(inTurn(status(503), broken, success), { retry: twice("210 millis") }), [
        "DEBUG Sessions.get: 503, retrying in 210ms (attempt 2)",
        "DEBUG Sessions.get: TransportError, retrying in 210ms (attempt 3)"
      ])
    })
  )

  it.effect("tell of a retry at Warning where the wait is 5 seconds or more", () =>
    Effect.gen(function* () {
      deepStrictEqual(yield* lines(status(503), { retry: twice("5 seconds") }), [
        "WARN Sessions.get: 503, retrying in 5s (attempt 2)",
        "WARN Sessions.get: 503, retrying in 5s (attempt 3)"
      ])
      const [line] = yield* lines(status(503), { retry: twice("4999 millis") })
      assert.match(line ?? "", /^DEBUG/)
    })
  )

  it.effect("are not written for a call without retries, or for a wait that is not begun", () =>
    Effect.gen(function* () {
      deepStrictEqual(yield* lines(success, {}), [])
      deepStrictEqual(yield* lines(status(404), {}), [])
      deepStrictEqual(yield* lines(status(503), { retry: twice("1 minute") }), [])
    })
  )
})

describe("metrics", () => {
  const count = (name: string, operation: string, outcome: string) =>
    Effect.map(Metric.snapshot, (pairs) => {
      const pair = pairs.find(
        ({ metricKey }) =>
          metricKey.name === name &&
          ["operation", "outcome"].every((key) =>
            metricKey.tags.some(
              (tag) => tag.key === key && tag.value === (key === "outcome" ? outcome : operation)
            )
          )
      )
      return pair !== undefined && MetricState.isCounterState(pair.metricState)
        ? Number(pair.metricState.count)
        : 0
    })

  /** Of all outcomes together. */
  const timed = (operation: string) =>
    Effect.map(Metric.snapshot, (pairs) => {
      const states = pairs.flatMap(({ metricKey, metricState }) =>
        metricKey.name === "clerk_operation_duration_milliseconds" &&
        metricKey.tags.some(({ value }) => value === operation) &&
        MetricKeyType.isHistogramKey(metricKey.keyType) &&
        MetricState.isHistogramState(metricState)
          ? [metricState]
          : []
      )
      assert.isAtMost(states.length, 1)
      return states[0]?.count ?? 0
    })

  /** How much each number grows while an effect runs. */
  const growth = <A, E, R>(numbers: ReadonlyArray<Effect.Effect<number>>, self: Effect.Effect<A, E, R>) =>
    Effect.gen(function* () {
      const before = yield* Effect.all(numbers)
      yield* self
      const after = yield* Effect.all(numbers)
      return after.map((count, i) => count - (before[i] ?? 0))
    })

  it.effect("count and time operations by outcome", () =>
    Effect.gen(function* () {
      const { layer, requests } = Mock.make(
        inTurn(
          success,
          success,
          status(404),
          () => Effect.never,
          () => Effect.die("defect")
        )
      )
      const revoke = Effect.exit(Sessions.revoke("a")).pipe(Effect.provide(layer))
      const grown = yield* growth(
        [
          ...["Success", "NotFound", "Interrupted", "Defect"].map((outcome) =>
            count("clerk_operations_total", "Sessions.revoke", outcome)
          ),
          timed("Sessions.revoke")
        ],
        Effect.gen(function* () {
          yield* Effect.repeatN(revoke, 2)
          const fiber = yield* Effect.fork(revoke)
          yield* Effect.yieldNow().pipe(Effect.repeat({ until: () => requests.length === 4 }))
          yield* Fiber.interrupt(fiber)
          yield* revoke
        })
      )
      deepStrictEqual(grown, [2, 1, 1, 1, 5])
    })
  )

  it.effect("count attempts by outcome", () =>
    Effect.gen(function* () {
      const outcomes = ["ApiError", "TransportError", "Success"]
      const grown = yield* growth(
        outcomes.flatMap((outcome) => [
          count("clerk_attempts_total", "Sessions.get", outcome),
          count("clerk_operations_total", "Sessions.get", outcome)
        ]),
        trace(Sessions.get("sess_1"), inTurn(status(503), status(503), broken, success))
      )
      deepStrictEqual(grown, [2, 0, 1, 0, 1, 1])
    })
  )

  it.effect("count each operation under its own name", () =>
    Effect.gen(function* () {
      for (const { call, name } of operations) {
        const operation = `Sessions.${name.split(" ")[0]}`
        const grown = yield* growth(
          [count("clerk_operations_total", operation, "Success")],
          Effect.provide(call(), Mock.clerk().layer)
        )
        deepStrictEqual(grown, [1], name)
      }
    })
  )
})
