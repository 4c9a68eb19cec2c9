/** Timeouts of attempts, and of programs around them. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import { Duration, Effect, Exit, Fiber, TestClock } from "effect"

import {
  arrived,
  conform,
  failing,
  hang,
  hangInBody,
  honest,
  inFlight,
  latched,
  respond,
  seconds,
  session,
  tellingHeaders
} from "./harness.js"
import type { Stage } from "./harness.js"

const timeout = "10 seconds"

/** Lets the timeout of each attempt pass as soon as its request is there. */
const passTimeouts = (stage: Stage, count: number) =>
  Effect.forEach(
    Array.from({ length: count }, (_, index) => index + 1),
    (attempt) =>
      Effect.gen(function* () {
        yield* arrived(stage, attempt)
        yield* inFlight(stage, 1)
        yield* TestClock.adjust(timeout)
      }),
    { discard: true }
  )

conform("the timeout of an attempt", [
  {
    name: "aborts before the headers, and the next attempt follows",
    clock: "test",
    respond: [hang, hang, honest],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(stage.get("sess_1"))
        yield* passTimeouts(stage, 2)
        return yield* Fiber.join(fiber)
      }),
    expect: {
      outcome: "sess_1",
      aborted: 2,
      inFlight: 0,
      requests: Array<string>(3).fill("GET /v1/sessions/sess_1")
    }
  },
  {
    name: "aborts within the body, and the next attempt follows",
    clock: "test",
    respond: [hangInBody, honest],
    client: tellingHeaders,
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(stage.get("sess_1"))
        yield* stage.headers.await
        yield* TestClock.adjust(timeout)
        return yield* Fiber.join(fiber)
      }),
    expect: { outcome: "sess_1", aborted: 1, inFlight: 0 }
  },
  {
    name: "fails in the end",
    clock: "test",
    respond: [hang],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(stage.get("sess_1"))
        // Two attempts only, so that the deadline of the whole operation has not come yet.
        yield* passTimeouts(stage, 2)
        return yield* Fiber.join(fiber)
      }),
    retry: seconds(0, 1, 1),
    expect: { outcome: "fails: Timeout", aborted: 2, fibers: 0 }
  },
  {
    name: "of a create is not repeated",
    clock: "test",
    over: ["memory", "effect-clerk/undici"],
    respond: [hang],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(stage.create("user_1"))
        yield* passTimeouts(stage, 1)
        return yield* Fiber.join(fiber)
      }),
    expect: { outcome: "fails: Timeout", aborted: 1, requests: ["POST /v1/sessions"] }
  },
  {
    name: "does not come early",
    clock: "test",
    over: ["memory", "fetch"],
    respond: [latched(honest)],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(stage.get("sess_1"))
        yield* inFlight(stage, 1)
        yield* TestClock.adjust("9999 millis")
        yield* stage.latch.open
        return yield* Fiber.join(fiber)
      }),
    expect: { outcome: "sess_1", aborted: 0 }
  },
  {
    name: "does not come after the end",
    clock: "test",
    over: ["memory", "fetch", "effect-clerk/undici"],
    respond: [honest],
    run: (stage) =>
      Effect.gen(function* () {
        yield* stage.get("sess_1")
        yield* TestClock.adjust("1 hour")
        return yield* stage.get("sess_2")
      }),
    expect: { outcome: "sess_2", aborted: 0 }
  },
  {
    name: "holds on the live clock too",
    over: ["memory"],
    timeout: "20 millis",
    respond: [hang, hangInBody],
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "fails: Timeout", aborted: 3, inFlight: 0 }
  },
  {
    name: "can be infinite",
    over: ["memory"],
    timeout: Duration.infinity,
    respond: [latched(honest)],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(stage.get("sess_1"))
        yield* inFlight(stage, 1)
        yield* stage.latch.open
        return yield* Fiber.join(fiber)
      }),
    expect: { outcome: "sess_1" }
  },
  {
    name: "waits for the client's finalizers, and the next attempt begins after them",
    clock: "test",
    over: ["memory", "fetch", "effect-clerk/undici"],
    respond: [hang, honest],
    client: (base, { latch, note }) =>
      base.pipe(
        HttpClient.tapRequest(() => note("attempt")),
        HttpClient.transformResponse(
          Effect.onInterrupt(() => Effect.zipRight(latch.await, note("finalizer")))
        )
      ),
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(stage.get("sess_1"))
        yield* inFlight(stage, 1)
        yield* TestClock.adjust(timeout)
        yield* Effect.repeatN(Effect.yieldNow(), 20)
        yield* stage.note("over", fiber.unsafePoll() !== null)
        yield* stage.latch.open
        return yield* Fiber.join(fiber)
      }),
    expect: {
      outcome: "sess_1",
      aborted: 1,
      events: ["attempt", ["over", false], "finalizer", "attempt"]
    }
  },
  {
    name: "a client whose finalizer dies after the timeout",
    clock: "test",
    over: ["memory"],
    respond: [hang],
    client: HttpClient.transformResponse(Effect.onInterrupt(() => Effect.die("broken finalizer"))),
    retry: seconds(0, 1, 0),
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(stage.get("sess_1"))
        yield* inFlight(stage, 1)
        yield* TestClock.adjust(timeout)
        return yield* Fiber.join(fiber)
      }),
    expect: { outcome: "fails: Timeout", aborted: 1 }
  },
  {
    name: "an interruption while the client's finalizers run after a timeout",
    clock: "test",
    over: ["memory"],
    respond: [hang],
    client: (base, { latch, note }) =>
      HttpClient.transformResponse(
        base,
        Effect.onInterrupt(() => Effect.zipRight(latch.await, note("finalizer")))
      ),
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(stage.get("sess_1"))
        yield* inFlight(stage, 1)
        yield* TestClock.adjust(timeout)
        yield* Fiber.interruptFork(fiber)
        yield* Effect.repeatN(Effect.yieldNow(), 20)
        yield* stage.note("over", fiber.unsafePoll() !== null)
        yield* stage.latch.open
        return yield* Fiber.join(fiber)
      }),
    expect: {
      outcome: "interrupted",
      aborted: 1,
      requests: ["GET /v1/sessions/sess_1"],
      events: [["over", false], "finalizer"]
    }
  },
  {
    name: "a client that cannot be interrupted holds the timeout until the response",
    clock: "test",
    over: ["memory", "fetch", "undici", "node:http"],
    respond: [latched(honest)],
    client: HttpClient.transformResponse(Effect.uninterruptible),
    retry: seconds(0, 1, 0),
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(stage.get("sess_1"))
        yield* inFlight(stage, 1)
        yield* TestClock.adjust(timeout)
        yield* Effect.repeatN(Effect.yieldNow(), 20)
        yield* stage.note("over", fiber.unsafePoll() !== null)
        yield* stage.latch.open
        return yield* Fiber.join(fiber)
      }),
    expect: { outcome: "fails: Timeout", aborted: 0, inFlight: 0, events: [["over", false]] }
  },
  {
    name: "a client that cannot be interrupted is aborted",
    clock: "test",
    over: ["effect-clerk/undici"],
    respond: [hang],
    client: HttpClient.transformResponse(Effect.uninterruptible),
    retry: seconds(0, 1, 0),
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkDaemon(Effect.exit(stage.get("sess_1")))
        yield* inFlight(stage, 1)
        yield* TestClock.adjust(timeout)
        yield* stage.server.settle(0)
        const exit = fiber.unsafePoll()
        yield* stage.note(exit === null ? "waits" : Exit.isFailure(Exit.flatten(exit)))
      }),
    expect: { aborted: 0, inFlight: 1, events: ["waits"] },
    differs: {
      why: "our transport aborts what cannot be interrupted",
      ours: { aborted: 1, inFlight: 0, fibers: 0, events: [true] }
    }
  }
])

conform("a timeout around a call", [
  {
    name: "Effect.timeout ends the call and aborts it",
    clock: "test",
    respond: [hang],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(Effect.timeout(stage.get("sess_1"), "3 seconds"))
        yield* inFlight(stage, 1)
        yield* TestClock.adjust("3 seconds")
        return yield* Fiber.join(fiber)
      }),
    expect: { outcome: "fails: TimeoutException", aborted: 1, fibers: 0 }
  },
  {
    name: "Effect.timeoutOption within the body",
    clock: "test",
    over: ["memory", "effect-clerk/undici"],
    respond: [hangInBody],
    client: tellingHeaders,
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(
          Effect.map(Effect.timeoutOption(stage.get("sess_1"), "3 seconds"), ({ _tag }) => _tag)
        )
        yield* stage.headers.await
        yield* TestClock.adjust("3 seconds")
        return yield* Fiber.join(fiber)
      }),
    expect: { outcome: "None", aborted: 1 }
  },
  {
    name: "Effect.timeout during a wait between retries",
    clock: "test",
    over: ["memory"],
    retry: seconds(5, 1, 3),
    respond: [failing(503)],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(Effect.timeout(stage.get("sess_1"), "8 seconds"))
        yield* arrived(stage, 1)
        yield* TestClock.adjust("5 seconds")
        yield* arrived(stage, 2)
        yield* TestClock.adjust("3 seconds")
        return yield* Fiber.join(fiber)
      }),
    expect: { outcome: "fails: TimeoutException", aborted: 0 }
  },
  {
    name: "Effect.timeout around Effect.disconnect",
    clock: "test",
    over: ["memory"],
    respond: [hang],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(
          stage.get("sess_1").pipe(Effect.uninterruptible, Effect.disconnect, Effect.timeout("3 seconds"))
        )
        yield* inFlight(stage, 1)
        yield* TestClock.adjust("3 seconds")
        yield* stage.noteOutcome("got", Fiber.join(fiber))
      }),
    expect: { aborted: 0, inFlight: 1, events: [["got", "fails: TimeoutException"]] }
  },
  {
    name: "the client's own timeout passes under the test clock",
    clock: "test",
    over: ["memory", "effect-clerk/undici"],
    respond: [hang, honest],
    client: (base) =>
      HttpClient.transform(base, (effect, request) =>
        Effect.timeoutFail(effect, {
          duration: "2 seconds",
          onTimeout: () => new HttpClientError.RequestError({ request, reason: "Transport" })
        })
      ),
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(stage.get("sess_1"))
        yield* inFlight(stage, 1)
        yield* TestClock.adjust("2 seconds")
        return yield* Fiber.join(fiber)
      }),
    expect: { outcome: "sess_1", aborted: 1 }
  },
  {
    name: "the waits of the schedule pass under the test clock",
    clock: "test",
    over: ["memory"],
    retry: seconds(1, 2, 3),
    respond: [failing(503), failing(503), respond({ body: session("sess_1") })],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(stage.get("sess_1"))
        for (const wait of ["999 millis", "1 millis", "1999 millis", "1 millis"] as const) {
          yield* TestClock.adjust(wait)
          yield* stage.note(stage.server.counters.arrived)
        }
        return yield* Fiber.join(fiber)
      }),
    expect: { outcome: "sess_1", events: [1, 2, 2, 3] }
  }
])
