/** Calls in uninterruptible regions. */
import * as HttpClient from "@effect/platform/HttpClient"
import { Effect, Fiber, TestClock } from "effect"
import type { Schedule } from "effect"

import {
  arrived,
  conform,
  failing,
  hang,
  honest,
  inFlight,
  interruptAfter,
  latched,
  respond,
  seconds,
  session
} from "./harness.js"

const waitsOneSecond: Schedule.Schedule<unknown> = seconds(1, 1, 1)

conform("calls in uninterruptible regions", [
  {
    name: "a call goes on although its fiber is interrupted",
    respond: [latched(honest), honest],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(
          Effect.uninterruptible(Effect.tap(stage.get("sess_1"), (id) => stage.note("got", id)))
        )
        yield* inFlight(stage, 1)
        const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
        yield* Effect.yieldNow()
        yield* stage.latch.open
        return yield* yield* Fiber.join(interrupting)
      }),
    expect: { outcome: "interrupted", aborted: 0, events: [["got", "sess_1"]] }
  },
  {
    name: "a second call is sent although its fiber has been interrupted",
    respond: [latched(honest), honest],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(
          Effect.uninterruptible(
            Effect.zipRight(
              stage.noteOutcome("first", stage.get("a")),
              stage.noteOutcome("second", stage.get("b"))
            )
          )
        )
        yield* inFlight(stage, 1)
        const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
        yield* Effect.yieldNow()
        yield* stage.latch.open
        yield* Fiber.join(interrupting)
      }),
    expect: {
      aborted: 0,
      events: [
        ["first", "a"],
        ["second", "b"]
      ]
    }
  },
  {
    name: "a wait between retries goes on although its fiber has been interrupted",
    over: ["memory", "fetch"],
    clock: "test",
    retry: waitsOneSecond,
    respond: [failing(503), honest],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(
          Effect.uninterruptible(Effect.tap(stage.get("sess_1"), (id) => stage.note("got", id)))
        )
        yield* arrived(stage, 1)
        yield* inFlight(stage, 0)
        yield* TestClock.adjust("500 millis")
        const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
        yield* TestClock.adjust("500 millis")
        return yield* yield* Fiber.join(interrupting)
      }),
    expect: {
      outcome: "interrupted",
      requests: ["GET /v1/sessions/sess_1", "GET /v1/sessions/sess_1"],
      events: [["got", "sess_1"]]
    }
  },
  {
    name: "the mask's restore makes the call interruptible again",
    respond: [hang],
    run: (stage) =>
      interruptAfter(
        stage,
        inFlight(stage, 1),
        Effect.uninterruptibleMask((restore) =>
          Effect.onInterrupt(restore(stage.get("sess_1")), () => stage.note("cleaned up"))
        )
      ),
    expect: { outcome: "interrupted", aborted: 1, events: ["cleaned up"] }
  },
  {
    name: "Effect.interruptible within an uninterruptible region",
    respond: [hang],
    run: (stage) =>
      interruptAfter(
        stage,
        inFlight(stage, 1),
        Effect.uninterruptible(
          Effect.zipRight(
            stage.noteOutcome("call", Effect.interruptible(stage.get("sess_1"))),
            stage.note("after")
          )
        )
      ),
    expect: {
      outcome: "interrupted",
      aborted: 1,
      events: [["call", "interrupted"], "after"]
    }
  },
  {
    name: "Effect.disconnect: the interruption does not wait, and the call is aborted",
    respond: [hang],
    run: (stage) => interruptAfter(stage, inFlight(stage, 1), Effect.disconnect(stage.get("sess_1"))),
    expect: { outcome: "interrupted", aborted: 1 }
  },
  {
    name: "Effect.disconnect of an uninterruptible call: the interruption does not wait, and the call ends",
    respond: [latched(honest)],
    run: (stage) =>
      Effect.ensuring(
        interruptAfter(
          stage,
          inFlight(stage, 1),
          Effect.disconnect(
            Effect.uninterruptible(Effect.tap(stage.get("sess_1"), (id) => stage.note("got", id)))
          )
        ),
        Effect.zipRight(stage.note("interrupted"), stage.latch.open)
      ),
    expect: { outcome: "interrupted", aborted: 0, events: ["interrupted", ["got", "sess_1"]] }
  },
  {
    name: "a client that makes itself interruptible",
    over: ["memory", "effect-clerk/undici"],
    respond: [latched(honest)],
    client: HttpClient.transformResponse(Effect.interruptible),
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(
          Effect.uninterruptible(stage.noteOutcome("got", stage.get("sess_1")))
        )
        yield* inFlight(stage, 1)
        yield* Fiber.interruptFork(fiber)
        yield* stage.server.settle(0)
        yield* stage.latch.open
        yield* Fiber.await(fiber)
      }),
    expect: { aborted: 1, events: [["got", "interrupted"]] },
    differs: {
      why: "an interruption does not get through an uninterruptible region, whatever the client is",
      ours: { aborted: 0, events: [["got", "sess_1"]] }
    }
  },
  {
    name: "a finalizer with a client that makes itself interruptible",
    over: ["memory", "effect-clerk/undici"],
    respond: [hang, honest],
    client: HttpClient.transformResponse(Effect.interruptible),
    run: (stage) =>
      interruptAfter(
        stage,
        inFlight(stage, 1),
        Effect.onInterrupt(stage.get("sess_1"), () => stage.noteOutcome("revoked", stage.revoke("sess_1")))
      ),
    expect: { aborted: 1, events: [["revoked", "sess_1"]] }
  },
  {
    name: "a server that hangs holds a finalizer until its timeout",
    over: ["memory", "fetch", "effect-clerk/undici"],
    clock: "test",
    retry: seconds(1, 1, 0),
    respond: [hang],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkDaemon(
          Effect.ensuring(Effect.void, stage.noteOutcome("revoked", stage.revoke("sess_1")))
        )
        yield* inFlight(stage, 1)
        yield* TestClock.adjust("10 seconds")
        yield* Effect.repeatN(Effect.yieldNow(), 10)
        yield* stage.note("over", fiber.unsafePoll() !== null)
      }),
    expect: { outcome: undefined, aborted: 0, inFlight: 1, fibers: 2, events: [["over", false]] },
    differs: {
      why: "the timeout of an attempt passes in an uninterruptible region too",
      ours: {
        aborted: 1,
        inFlight: 0,
        fibers: 0,
        events: [
          ["revoked", "fails: Timeout"],
          ["over", true]
        ]
      }
    }
  },
  {
    name: "a late response in an uninterruptible region",
    over: ["memory"],
    clock: "test",
    retry: seconds(1, 1, 0),
    respond: [latched(respond({ body: session("sess_1") }))],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(Effect.uninterruptible(stage.get("sess_1")))
        yield* inFlight(stage, 1)
        yield* TestClock.adjust("11 seconds")
        yield* stage.latch.open
        return yield* Fiber.join(fiber)
      }),
    expect: { outcome: "fails: Timeout", aborted: 0 },
    differs: {
      why: "the timeout of an attempt aborts its request in an uninterruptible region too",
      ours: { aborted: 1 }
    }
  }
])
