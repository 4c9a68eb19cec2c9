/** What a call writes to the log, and counts. */
import * as HttpClient from "@effect/platform/HttpClient"
import { Effect, Fiber, LogLevel, Metric, Option, RuntimeFlags, RuntimeFlagsPatch } from "effect"

import {
  conform,
  failing,
  hang,
  honest,
  inFlight,
  interruptAfter,
  reset,
  resetInBody,
  respond
} from "./harness.js"
import type { Row, Stage } from "./harness.js"

/** Lets the client look around on the fiber that sends the request. */
const looking =
  (look: (stage: Stage) => Effect.Effect<unknown>): NonNullable<Row["client"]> =>
  (base, stage) =>
    HttpClient.mapRequestEffect(base, (request) => Effect.as(look(stage), request))

const failures = Metric.value(Metric.counter("effect_fiber_failures", { incremental: true })).pipe(
  Effect.map(({ count }) => count)
)

const countFailures = <A, E, R>({ note }: Stage, self: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const before = yield* failures
    yield* Effect.ignore(self)
    yield* Effect.repeatN(Effect.yieldNow(), 5)
    yield* note("failures", (yield* failures) - before)
  }).pipe(Effect.withRuntimeFlagsPatch(RuntimeFlagsPatch.enable(RuntimeFlags.RuntimeMetrics)))

conform(
  "logs of handled failures",
  [
    ...[401, 404, 422, 429, 500, 503].map((status): Row => ({
      name: `a ${status} leaves no log line`,
      over: ["memory", "fetch", "effect-clerk/undici"],
      respond: [failing(status)],
      run: (stage) => Effect.ignore(stage.get("sess_1")),
      expect: { logs: [] }
    })),
    {
      name: "a reset leaves no log line",
      respond: [reset],
      run: (stage) => Effect.ignore(stage.get("sess_1")),
      expect: { logs: [] }
    },
    {
      name: "a body that breaks off leaves no log line",
      respond: [resetInBody],
      run: (stage) => Effect.ignore(stage.get("sess_1")),
      expect: { logs: [] }
    },
    {
      name: "a response that is not JSON leaves no log line",
      over: ["memory", "fetch", "effect-clerk/undici"],
      respond: [respond({ body: "<html>" })],
      run: (stage) => stage.noteOutcome("got", stage.get("sess_1")),
      expect: { logs: [], events: [["got", "fails: DecodeError"]] }
    },
    {
      name: "timeouts leave no log line",
      over: ["memory"],
      timeout: "20 millis",
      respond: [hang],
      run: (stage) => stage.noteOutcome("got", stage.get("sess_1")),
      expect: { logs: [], aborted: 3, events: [["got", "fails: Timeout"]] }
    },
    {
      name: "an interruption leaves no log line",
      respond: [hang],
      run: (stage) => interruptAfter(stage, inFlight(stage, 1), stage.get("sess_1")),
      expect: { logs: [], aborted: 1 }
    },
    {
      name: "with withUnhandledErrorLogLevel(Error), handled failures leave no log line",
      respond: [failing(503), failing(404)],
      run: (stage) =>
        Effect.withUnhandledErrorLogLevel(
          stage.noteOutcome("got", stage.get("sess_1")),
          Option.some(LogLevel.Error)
        ),
      expect: { logs: [], events: [["got", "fails: NotFound"]] }
    },
    {
      name: "a call that is forked and fails is logged once, as unhandled",
      over: ["memory", "fetch"],
      respond: [failing(404)],
      run: (stage) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.fork(stage.get("sess_1"))
          yield* stage.noteOutcome("got", Fiber.join(fiber))
        }),
      expect: {
        logs: ["DEBUG Fiber terminated with an unhandled error"],
        events: [["got", "fails: NotFound"]]
      }
    },
    {
      name: "a retry",
      over: ["memory"],
      respond: [failing(503), honest],
      run: (stage) => stage.get("sess_1"),
      expect: { outcome: "sess_1", logs: [] }
    },
    {
      name: "fibers that fail are counted",
      over: ["memory", "fetch", "effect-clerk/undici"],
      respond: [failing(404)],
      run: (stage) => countFailures(stage, stage.get("sess_1")),
      expect: { events: [["failures", 1]] },
      differs: {
        why: "Effect.timeoutFail counts its interrupted timer as a failure, our timer is no fiber",
        ours: { events: [["failures", 0]] }
      }
    },
    {
      name: "three failed attempts are counted",
      over: ["memory"],
      respond: [failing(503)],
      run: (stage) => countFailures(stage, stage.get("sess_1")),
      expect: { events: [["failures", 3]] },
      differs: {
        why: "Effect.timeoutFail counts its interrupted timers as failures, our timer is no fiber",
        ours: { events: [["failures", 0]] }
      }
    },
    {
      name: "what the client logs has the caller's annotations and spans",
      over: ["memory", "effect-clerk/undici"],
      respond: [honest],
      client: looking(() => Effect.logInfo("sending")),
      run: (stage) =>
        stage.get("sess_1").pipe(
          Effect.annotateLogs("user", "user_1"),
          Effect.withLogSpan("outer"),
          Effect.tap(() => Effect.logDebug("done"))
        ),
      expect: { logs: ["INFO sending user=user_1 span=outer", "DEBUG done"] }
    }
  ],
  ["memory", "fetch", "effect-clerk/undici"]
)
