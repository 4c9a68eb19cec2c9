/** The span, the metrics and the log lines of the operations. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricKey from "effect/MetricKey"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

import type { Settings } from "../ClerkConfig.js"
import type { ClerkError } from "../ClerkError.js"
import { attributes, type Parts } from "./request/build.js"

/** What is known about a running call. */
export interface Progress {
  attempts: number
  /** The status of the current attempt's response. */
  status: number | undefined
  readonly span: Tracer.Span | undefined
}

/** To make an instrument with its labels takes longer than to update it. */
const memoize = <M>(make: (operation: string, outcome: string) => M) => {
  const made = new Map<string, M>()
  return (operation: string, outcome = ""): M => {
    const name = `${operation} ${outcome}`
    const instrument = made.get(name) ?? make(operation, outcome)
    made.set(name, instrument)
    return instrument
  }
}

const counter = (name: string, description: string) =>
  memoize((operation, outcome) =>
    Metric.fromMetricKey(
      MetricKey.counter(name, { description, incremental: true }).pipe(
        MetricKey.tagged("operation", operation),
        MetricKey.tagged("outcome", outcome)
      )
    )
  )

const operations = counter("clerk_operations_total", "Operations finished, by operation and outcome")

const attempts = counter("clerk_attempts_total", "Attempts finished, by operation and outcome")

const duration = memoize((operation) =>
  Metric.fromMetricKey(
    MetricKey.histogram(
      "clerk_operation_duration_milliseconds",
      MetricBoundaries.exponential({ start: 5, factor: 2, count: 14 }),
      "Time of an operation, attempts and waits included"
    ).pipe(MetricKey.tagged("operation", operation))
  )
)

/** Observes a whole operation. */
export const observe = <A, E extends ClerkError, R>(
  parts: Parts,
  settings: Settings,
  run: (progress: Progress) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.tracerWith((tracer) =>
    tracer === nativeTracer
      ? measure(parts, run)
      : Effect.useSpan(
          parts.name,
          { attributes: attributes(parts, settings), kind: "client", captureStackTrace: false },
          (span) => Effect.withParentSpan(measure(parts, run, span), span)
        )
  )

/** Effect's own tracer keeps no spans: they would only be seen in the stack of `Cause.pretty`, for a third of a call's time. */
const nativeTracer = Context.get(DefaultServices.liveServices, Tracer.Tracer)

const measure = <A, E extends ClerkError, R>(
  { name }: Parts,
  run: (progress: Progress) => Effect.Effect<A, E, R>,
  span?: Tracer.Span
): Effect.Effect<A, E, R> =>
  Effect.clockWith((clock) => {
    const start = clock.unsafeCurrentTimeMillis()
    const progress: Progress = { attempts: 0, status: undefined, span }
    return Effect.onExit(run(progress), (exit) => {
      annotate(progress, exit)
      return Effect.zipRight(
        Metric.increment(operations(name, outcomeOf(exit))),
        Effect.suspend(() => Metric.update(duration(name), clock.unsafeCurrentTimeMillis() - start))
      )
    })
  })

/** Observes one attempt of an operation. */
export const observeAttempt = <A, E extends ClerkError, R>(
  { name }: Parts,
  progress: Progress,
  attempt: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => {
  progress.attempts += 1
  progress.status = undefined
  return Effect.onExit(attempt, (exit) => Metric.increment(attempts(name, outcomeOf(exit))))
}

/** A wait of this length or longer is worth a warning. */
const longWait = Duration.seconds(5)

/** Tells of a retry before its wait: in the log, and as an event of the span. */
export const onRetry =
  ({ name }: Parts, progress: Progress) =>
  (error: ClerkError, delay: Duration.Duration): Effect.Effect<void> =>
    Effect.flatMap(Clock.currentTimeNanos, (now) => {
      const attempt = progress.attempts + 1
      progress.span?.event("retry", now, {
        "clerk.attempt": attempt,
        "clerk.delay_ms": Duration.toMillis(delay),
        "error.type": error._tag
      })
      const log = Duration.lessThan(delay, longWait) ? Effect.logDebug : Effect.logWarning
      const what = "status" in error ? error.status : error._tag
      return log(`${name}: ${what}, retrying in ${Duration.format(delay)} (attempt ${attempt})`)
    })

const annotate = ({ attempts, span, status }: Progress, exit: Exit.Exit<unknown, ClerkError>) => {
  if (span === undefined) {
    return
  }
  span.attribute("clerk.attempts", attempts)
  if (status !== undefined) {
    span.attribute("http.response.status_code", status)
  }
  if (Exit.isFailure(exit)) {
    span.attribute("error.type", outcomeOf(exit))
    const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
    if (error !== undefined && "traceId" in error && Option.isSome(error.traceId)) {
      span.attribute("clerk.trace_id", error.traceId.value)
    }
  }
}

const outcomeOf = (exit: Exit.Exit<unknown, ClerkError>): string =>
  Exit.match(exit, {
    onSuccess: () => "Success",
    onFailure: (cause) =>
      Option.match(Cause.failureOption(cause), {
        onSome: ({ _tag }) => _tag,
        onNone: () => (Cause.isInterrupted(cause) ? "Interrupted" : "Defect")
      })
  })
