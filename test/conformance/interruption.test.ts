/** Interruption aborts the request, waits for finalizers, and looks the same to the caller. */
import * as HttpClient from "@effect/platform/HttpClient"
import { Cause, Effect, Exit, Fiber, FiberId, Option, Runtime, TestClock } from "effect"

import {
  arrived,
  conform,
  failing,
  hang,
  hangInBody,
  honest,
  inFlight,
  interruptAfter,
  latched,
  seconds,
  tellingHeaders
} from "./harness.js"
import type { Stage } from "./harness.js"

/** Notes which fibers a cause names as interrupting. */
const interruptors = (cause: Cause.Cause<unknown>, self: FiberId.FiberId): ReadonlyArray<string> =>
  Array.from(Cause.interruptors(cause), (id) => (id === self ? "itself" : "another")).toSorted()

conform("interruption of one call", [
  {
    name: "before it starts, nothing is sent",
    respond: [hang],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(stage.get("sess_1"))
        yield* Effect.sync(() => fiber.unsafeInterruptAsFork(fiber.id()))
        yield* stage.note(Exit.isInterrupted(yield* Fiber.await(fiber)))
      }),
    expect: { requests: [], events: [true] }
  },
  {
    name: "before the headers",
    respond: [hang],
    run: (stage) => interruptAfter(stage, inFlight(stage, 1), stage.get("sess_1")),
    expect: { outcome: "interrupted", aborted: 1, fibers: 0 }
  },
  {
    name: "after the headers",
    respond: [() => Effect.succeed({ rest: Effect.never })],
    client: tellingHeaders,
    run: (stage) => interruptAfter(stage, stage.headers.await, stage.get("sess_1")),
    expect: { outcome: "interrupted", aborted: 1, fibers: 0 }
  },
  {
    name: "within the body",
    respond: [hangInBody],
    client: tellingHeaders,
    run: (stage) =>
      interruptAfter(
        stage,
        Effect.zipRight(stage.headers.await, Effect.repeatN(Effect.yieldNow(), 20)),
        stage.get("sess_1")
      ),
    expect: { outcome: "interrupted", aborted: 1, fibers: 0 }
  },
  {
    name: "within the body of an error response",
    respond: [() => Effect.succeed({ status: 422, body: '{"errors":', rest: Effect.never })],
    client: tellingHeaders,
    run: (stage) => interruptAfter(stage, stage.headers.await, stage.get("sess_1")),
    expect: { outcome: "interrupted", aborted: 1, fibers: 0 }
  },
  {
    name: "of a create, before the headers",
    respond: [hang],
    run: (stage) => interruptAfter(stage, inFlight(stage, 1), stage.create("user_1")),
    expect: { outcome: "interrupted", aborted: 1, requests: ["POST /v1/sessions"] }
  },
  {
    name: "of a list, within the body",
    respond: [() => Effect.succeed({ body: "[", rest: Effect.never })],
    client: tellingHeaders,
    run: (stage) => interruptAfter(stage, stage.headers.await, stage.list("user_1")),
    expect: { outcome: "interrupted", aborted: 1 }
  },
  {
    name: "between two attempts",
    clock: "test",
    retry: seconds(20, 1, 1),
    over: ["memory", "fetch", "effect-clerk/undici"],
    respond: [failing(503)],
    client: tellingHeaders,
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(stage.get("sess_1"))
        yield* stage.headers.await
        yield* inFlight(stage, 0)
        yield* TestClock.adjust("19 seconds")
        return yield* yield* Fiber.interrupt(fiber)
      }),
    expect: { outcome: "interrupted", aborted: 0, requests: ["GET /v1/sessions/sess_1"], fibers: 0 }
  },
  {
    name: "in the second attempt",
    respond: [failing(503), hang],
    run: (stage) =>
      interruptAfter(stage, Effect.zipRight(arrived(stage, 2), inFlight(stage, 1)), stage.get("sess_1")),
    expect: { outcome: "interrupted", aborted: 1 }
  },
  {
    name: "twice, from two fibers",
    respond: [hang],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(stage.get("sess_1"))
        yield* inFlight(stage, 1)
        const [first, second] = yield* Effect.all([Fiber.interrupt(fiber), Fiber.interrupt(fiber)], {
          concurrency: 2
        })
        yield* stage.note(Exit.isInterrupted(first), Exit.isInterrupted(second))
      }),
    expect: { aborted: 1, events: [[true, true]] }
  },
  {
    name: "by an AbortSignal of runPromise",
    respond: [hang],
    run: (stage) =>
      Effect.gen(function* () {
        const runtime = yield* Effect.runtime<never>()
        const context = yield* Effect.context<Effect.Effect.Context<ReturnType<Stage["get"]>>>()
        const controller = new AbortController()
        const promise = Runtime.runPromiseExit(runtime)(Effect.provide(stage.get("sess_1"), context), {
          signal: controller.signal
        })
        yield* inFlight(stage, 1)
        controller.abort()
        yield* stage.note(Exit.isInterrupted(yield* Effect.promise(() => promise)))
      }),
    expect: { aborted: 1, events: [true] }
  },
  {
    name: "is seen by onInterrupt, onExit and ensuring, from the inside out",
    respond: [hang],
    run: (stage) =>
      interruptAfter(
        stage,
        inFlight(stage, 1),
        stage.get("sess_1").pipe(
          Effect.onInterrupt(() => stage.note("onInterrupt", stage.server.counters.aborted <= 1)),
          Effect.onExit((exit) => stage.note("onExit", Exit.isInterrupted(exit))),
          Effect.ensuring(stage.note("ensuring")),
          Effect.catchAll(() => stage.note("catchAll"))
        )
      ),
    expect: {
      outcome: "interrupted",
      aborted: 1,
      events: [["onInterrupt", true], ["onExit", true], "ensuring"]
    }
  },
  {
    name: "can be recovered from by sandbox in an uninterruptible region",
    over: ["memory"],
    respond: [hang],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(
          Effect.uninterruptibleMask((restore) =>
            restore(stage.get("sess_1")).pipe(
              Effect.sandbox,
              Effect.catchAll((cause) => stage.note("only interrupted", Cause.isInterruptedOnly(cause)))
            )
          )
        )
        yield* inFlight(stage, 1)
        yield* Fiber.interrupt(fiber)
      }),
    expect: { aborted: 1, events: [["only interrupted", true]] }
  }
])

conform("the cause of an interruption", [
  {
    name: "names the fiber that interrupted",
    over: ["memory", "effect-clerk/undici"],
    respond: [hang],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(stage.get("sess_1"))
        yield* inFlight(stage, 1)
        const self = yield* Effect.fiberId
        const exit = yield* Fiber.interrupt(fiber)
        const cause = Option.getOrThrow(Exit.causeOption(exit))
        yield* stage.note(interruptors(cause, self).includes("itself"), Cause.isInterruptedOnly(cause))
      }),
    expect: { events: [[true, true]] }
  },
  {
    name: "names the fiber given to interruptAsFork",
    over: ["memory"],
    respond: [hang],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(stage.get("sess_1"))
        yield* inFlight(stage, 1)
        const id = FiberId.runtime(-7, 0)
        yield* Fiber.interruptAsFork(fiber, id)
        const exit = yield* Fiber.await(fiber)
        const cause = Option.getOrThrow(Exit.causeOption(exit))
        yield* stage.note([...Cause.interruptors(cause)].includes(id))
      }),
    expect: { events: [true] }
  },
  {
    name: "has no failure beside the interruption, in headers and body",
    respond: [hang, hangInBody],
    client: tellingHeaders,
    run: (stage) =>
      Effect.gen(function* () {
        for (const condition of [inFlight(stage, 1), stage.headers.await]) {
          const fiber = yield* Effect.fork(stage.get("sess_1"))
          yield* condition
          const exit = yield* Fiber.interrupt(fiber)
          yield* stage.note(Exit.isInterrupted(exit), Cause.isInterruptedOnly(causeOf(exit)))
        }
      }),
    expect: {
      aborted: 2,
      events: [
        [true, true],
        [true, true]
      ]
    }
  },
  {
    name: "of a client that dies while it is interrupted",
    over: ["memory"],
    respond: [hang],
    client: HttpClient.transformResponse(Effect.onInterrupt(() => Effect.die("broken finalizer"))),
    run: (stage) => interruptAfter(stage, inFlight(stage, 1), stage.get("sess_1")),
    expect: { aborted: 1 }
  }
])

const causeOf = <E>(exit: Exit.Exit<unknown, E>): Cause.Cause<E> =>
  Option.getOrElse(Exit.causeOption(exit), () => Cause.empty)

conform("the finalizers of the client", [
  {
    name: "run before the caller goes on, in order",
    respond: [hang],
    client: (base, { note }) =>
      base.pipe(
        HttpClient.transformResponse(Effect.onInterrupt(() => note("inner"))),
        HttpClient.transformResponse((effect) =>
          Effect.acquireUseRelease(
            note("acquired"),
            () => effect,
            () => Effect.zipRight(Effect.repeatN(Effect.yieldNow(), 10), note("released"))
          )
        ),
        HttpClient.transformResponse(Effect.ensuring(note("outer")))
      ),
    run: (stage) =>
      interruptAfter(
        stage,
        inFlight(stage, 1),
        Effect.onInterrupt(stage.get("sess_1"), () => stage.note("caller"))
      ),
    expect: { aborted: 1, events: ["acquired", "inner", "released", "outer", "caller"] }
  },
  {
    name: "hold the interruption up while they wait",
    over: ["memory", "effect-clerk/undici"],
    respond: [hang],
    client: (base, { headers, latch, note }) =>
      HttpClient.transformResponse(
        base,
        Effect.onInterrupt(() => Effect.zipRight(headers.open, Effect.zipRight(latch.await, note("client"))))
      ),
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(stage.get("sess_1"))
        yield* inFlight(stage, 1)
        yield* Fiber.interruptFork(fiber)
        yield* stage.headers.await
        yield* Effect.repeatN(Effect.yieldNow(), 20)
        yield* stage.note("over", fiber.unsafePoll() !== null)
        yield* stage.latch.open
        yield* Fiber.await(fiber)
        yield* stage.note("caller")
      }),
    expect: { aborted: 1, events: [["over", false], "client", "caller"] }
  },
  {
    name: "see that the request is aborted already, or not yet",
    over: ["memory"],
    respond: [hang],
    client: (base, { note, server }) =>
      HttpClient.transformResponse(
        base,
        Effect.onInterrupt(() => Effect.suspend(() => note("aborted", server.counters.aborted)))
      ),
    run: (stage) => interruptAfter(stage, inFlight(stage, 1), stage.get("sess_1")),
    expect: { aborted: 1, events: [["aborted", 1]] }
  },
  {
    name: "run in the caller's scope of FiberRefs and log",
    over: ["memory"],
    respond: [hang],
    client: HttpClient.transformResponse(Effect.onInterrupt(() => Effect.logInfo("cleaning up"))),
    run: (stage) =>
      interruptAfter(stage, inFlight(stage, 1), Effect.annotateLogs(stage.get("sess_1"), "user", "user_1")),
    expect: { aborted: 1, logs: ["INFO cleaning up user=user_1"] }
  },
  {
    name: "send calls of their own",
    respond: [hang, honest],
    client: (base, stage) =>
      HttpClient.transformResponse(
        base,
        Effect.onInterrupt(() =>
          stage.noteOutcome(
            "inner",
            Effect.flatMap(stage.base.get(`${stage.server.url}/cleanup/now/a`), ({ text }) =>
              Effect.map(text, (text) => text.length > 0)
            )
          )
        )
      ),
    run: (stage) => interruptAfter(stage, inFlight(stage, 1), stage.get("sess_1")),
    expect: {
      aborted: 1,
      requests: ["GET /cleanup/now/a", "GET /v1/sessions/sess_1"],
      events: [["inner", true]]
    }
  }
])

conform("uninterruptible clients", [
  {
    name: "an interruption waits for the response",
    over: ["memory", "fetch", "undici", "node:http"],
    respond: [latched(honest)],
    client: HttpClient.transformResponse(Effect.uninterruptible),
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(stage.get("sess_1"))
        yield* inFlight(stage, 1)
        yield* Fiber.interruptFork(fiber)
        yield* Effect.repeatN(Effect.yieldNow(), 20)
        yield* stage.note("over", fiber.unsafePoll() !== null)
        yield* stage.latch.open
        return yield* Fiber.join(fiber)
      }),
    expect: { outcome: "interrupted", events: [["over", false]] }
  },
  {
    name: "an interruption aborts first, and then waits",
    over: ["effect-clerk/undici"],
    respond: [hang],
    client: HttpClient.transformResponse(Effect.uninterruptible),
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkDaemon(stage.get("sess_1"))
        yield* inFlight(stage, 1)
        yield* Fiber.interruptFork(fiber)
        yield* stage.server.settle(0)
        yield* stage.note("over", fiber.unsafePoll() !== null)
      }),
    expect: { inFlight: 1, aborted: 0, events: [["over", false]] },
    differs: {
      why: "our transport aborts what cannot be interrupted",
      ours: { inFlight: 0, aborted: 1, fibers: 0, events: [["over", true]] }
    }
  }
])
