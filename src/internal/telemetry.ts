/** One span, one count and one latency for every operation. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import type { LazyArg } from "effect/Function"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricKey from "effect/MetricKey"
import * as Tracer from "effect/Tracer"

/** What an operation tells about its course. */
export interface Progress {
  attempts: number
  /** Of the last answer, once there is one. */
  status: number | undefined
}

const finished = MetricKey.counter("clerk_operations_total", {
  description: "Operations finished, by operation and outcome",
  incremental: true
})

const duration = MetricKey.histogram(
  "clerk_operation_duration_milliseconds",
  MetricBoundaries.exponential({ start: 5, factor: 2, count: 14 }),
  "Time of an operation, attempts and waits included"
)

/** Without another tracer nobody sees the spans. */
const nativeTracer = Context.get(DefaultServices.liveServices, Tracer.Tracer)

/** To be run where nothing is interrupted but what is restored. */
export const observed = <A, E extends { readonly _tag: string }>(
  fiber: Fiber.RuntimeFiber<unknown, unknown>,
  operation: string,
  attributes: LazyArg<{ readonly [key: string]: unknown }>,
  run: (progress: Progress) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  fiber.currentTracer === nativeTracer
    ? measured(fiber, operation, run)
    : Effect.useSpan(
        operation,
        { attributes: attributes(), kind: "client", captureStackTrace: false },
        (span) => Effect.withParentSpan(measured(fiber, operation, run, span), span)
      )

const measured = <A, E extends { readonly _tag: string }>(
  fiber: Fiber.RuntimeFiber<unknown, unknown>,
  operation: string,
  run: (progress: Progress) => Effect.Effect<A, E>,
  span?: Tracer.Span
): Effect.Effect<A, E> => {
  const clock = Context.get(fiber.currentDefaultServices, Clock.Clock)
  const start = clock.unsafeCurrentTimeMillis()
  const progress: Progress = { attempts: 0, status: undefined }
  const record = (outcome: string) => {
    const labels = fiber.getFiberRef(FiberRef.currentMetricLabels)
    const { count, time } = instruments(operation, outcome)
    count.unsafeUpdate(1, labels)
    time.unsafeUpdate(clock.unsafeCurrentTimeMillis() - start, labels)
    span?.attribute("clerk.attempts", progress.attempts)
    if (progress.status !== undefined) {
      span?.attribute("http.response.status_code", progress.status)
    }
  }
  return Effect.matchCauseEffect(run(progress), {
    onFailure: (cause) => {
      record(outcome(cause))
      return Effect.failCause(cause)
    },
    onSuccess: (value) => {
      record("Success")
      return Effect.succeed(value)
    }
  })
}

interface Instruments {
  readonly count: Metric.Metric.Counter<number>
  readonly time: Metric.Metric.Histogram<number>
}

/** By operation and outcome: to make an instrument takes much longer than to use it. */
const made = new Map<string, Instruments>()

const instruments = (operation: string, outcome: string): Instruments => {
  const name = `${operation} ${outcome}`
  let both = made.get(name)
  if (both === undefined) {
    const labelled = MetricKey.tagged("operation", operation)
    both = {
      count: Metric.fromMetricKey(finished.pipe(labelled, MetricKey.tagged("outcome", outcome))),
      time: Metric.fromMetricKey(labelled(duration))
    }
    made.set(name, both)
  }
  return both
}

const outcome = <E extends { readonly _tag: string }>(cause: Cause.Cause<E>): string => {
  const failure = Cause.failureOrCause(cause)
  if (failure._tag === "Left") {
    return failure.left._tag
  }
  return Cause.isInterrupted(failure.right) ? "Interrupted" : "Defect"
}
