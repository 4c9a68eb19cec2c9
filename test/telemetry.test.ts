import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { ClerkRetry, Sessions } from "effect-clerk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as MetricKeyType from "effect/MetricKeyType"
import * as MetricState from "effect/MetricState"
import type * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

import * as Stub from "./utils/stub.js"

interface Recorded {
  readonly name: string
  readonly parent: string | undefined
  readonly attributes: Map<string, unknown>
  readonly span: Tracer.Span
}

/** A tracer that keeps the spans it is asked for. */
const recorder = () => {
  const spans: Array<Recorded> = []
  const native = Context.get(
    Effect.runSync(Effect.map(Effect.tracer, (tracer) => Context.make(Tracer.Tracer, tracer))),
    Tracer.Tracer
  )
  const tracer = Tracer.make({
    span: (name, parent, context, links, startTime, kind, options) => {
      const span = native.span(name, parent, context, links, startTime, kind, options)
      const attributes = new Map<string, unknown>()
      const set = span.attribute.bind(span)
      span.attribute = (key, value) => {
        attributes.set(key, value)
        set(key, value)
      }
      for (const [key, value] of Object.entries(options?.attributes ?? {})) {
        attributes.set(key, value)
      }
      spans.push({ name, parent: nameOf(parent), attributes, span })
      return span
    },
    context: (f) => f()
  })
  return { spans, tracer }
}

const nameOf = (parent: Option.Option<Tracer.AnySpan>) =>
  parent._tag === "Some" && parent.value._tag === "Span" ? parent.value.name : undefined

describe("spans", () => {
  it.effect("one for an operation, with what it was about and how it went", () =>
    Effect.gen(function* () {
      const { spans, tracer } = recorder()
      const stub = Stub.make(() => Stub.json(Stub.wireToken))
      yield* Sessions.createTokenFromTemplate("sess_1", "hasura").pipe(
        Effect.withSpan("outer"),
        Effect.provide(stub.layer),
        Effect.withTracer(tracer)
      )
      deepStrictEqual(
        spans.map(({ name, parent }) => [name, parent]),
        [
          ["outer", undefined],
          ["Sessions.createTokenFromTemplate", "outer"]
        ]
      )
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

  it.effect("counts the attempts and ends with the failure", () =>
    Effect.gen(function* () {
      const { spans, tracer } = recorder()
      const stub = Stub.make((_, count) => Stub.json({}, count < 3 ? 503 : 401), {
        retry: ClerkRetry.schedule({ base: 0 })
      })
      yield* Effect.flip(Sessions.get("a")).pipe(Effect.provide(stub.layer), Effect.withTracer(tracer))
      const [{ attributes, span } = assert.fail()] = spans
      assert.strictEqual(attributes.get("clerk.attempts"), 3)
      assert.strictEqual(attributes.get("http.response.status_code"), 401)
      assert(span.status._tag === "Ended" && span.status.exit._tag === "Failure")
      assert.match(String(span.status.exit.cause), /Unauthorized/)
    })
  )

  it.effect("one more for every attempt where asked for", () =>
    Effect.gen(function* () {
      const { spans, tracer } = recorder()
      const stub = Stub.make((_, count) => (count === 1 ? Stub.json({}, 503) : Stub.json(Stub.wireSession)), {
        retry: ClerkRetry.schedule({ base: 0 }),
        traceAttempts: true
      })
      yield* Sessions.get("a").pipe(Effect.provide(stub.layer), Effect.withTracer(tracer))
      deepStrictEqual(
        spans.map(({ name, parent }) => [name, parent]),
        [
          ["Sessions.get", undefined],
          ["http.client GET", "Sessions.get"],
          ["http.client GET", "Sessions.get"]
        ]
      )
      assert.notInclude(JSON.stringify(spans.map(({ attributes }) => [...attributes])), Stub.secretKey)
    })
  )

  it.effect("are not told to Clerk", () =>
    Effect.gen(function* () {
      for (const traceAttempts of [false, true]) {
        const { tracer } = recorder()
        const stub = Stub.make(() => Stub.json(Stub.wireSession), { traceAttempts })
        yield* Sessions.get("a").pipe(Effect.provide(stub.layer), Effect.withTracer(tracer))
        assert.notProperty(stub.seen[0]?.headers, "traceparent")
        assert.notProperty(stub.seen[0]?.headers, "b3")
      }
    })
  )
})

describe("metrics", () => {
  const counted = (operation: string, outcome: string) =>
    Metric.value(
      Metric.counter("clerk_operations_total", {
        description: "Operations finished, by operation and outcome",
        incremental: true
      }).pipe(Metric.tagged("operation", operation), Metric.tagged("outcome", outcome))
    ).pipe(Effect.map(({ count }) => count))

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

  it.effect("count operations by outcome, and time them", () =>
    Effect.gen(function* () {
      const outcomes = ["Success", "NotFound", "Interrupted", "Defect"]
      const counts = Effect.all([
        ...outcomes.map((outcome) => counted("Sessions.revoke", outcome)),
        timed("Sessions.revoke")
      ])
      const before = yield* counts
      const stub = Stub.make(
        (_, count) =>
          [Stub.json(Stub.wireSession), Stub.json({}, 404), Effect.never, Effect.die("out of order")][
            count - 2
          ] ?? Stub.json(Stub.wireSession)
      )
      const revoke = Sessions.revoke("a").pipe(Effect.provide(stub.layer))
      yield* revoke
      yield* revoke
      yield* Effect.flip(revoke)
      const fiber = yield* Effect.fork(revoke)
      yield* Effect.yieldNow().pipe(Effect.repeat({ until: () => stub.seen.length === 4 }))
      yield* Fiber.interrupt(fiber)
      yield* Effect.sandbox(revoke).pipe(Effect.flip)
      const after = yield* counts
      deepStrictEqual(
        after.map((count, i) => count - (before[i] ?? 0)),
        [2, 1, 1, 1, 5]
      )
    })
  )
})
