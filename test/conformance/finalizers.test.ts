/** Calls in finalizers are sent like any other. */
import { Context, Deferred, Effect, Exit, Fiber, Layer, ManagedRuntime, Scope, TestClock } from "effect"
import type { Schedule } from "effect"

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
  seconds
} from "./harness.js"

const waitsOneSecond: Schedule.Schedule<unknown> = seconds(1, 1, 1)

conform("calls in finalizers", [
  {
    name: "acquireRelease revokes the session that it created when the scope is interrupted",
    respond: [honest],
    run: (stage) =>
      interruptAfter(
        stage,
        arrived(stage, 1),
        Effect.scoped(
          Effect.zipRight(
            Effect.acquireRelease(stage.create("user_1"), (id) =>
              stage.noteOutcome("revoked", stage.revoke(id))
            ),
            Effect.never
          )
        )
      ),
    expect: {
      outcome: "interrupted",
      requests: ["POST /v1/sessions", "POST /v1/sessions/sess_new/revoke"],
      events: [["revoked", "sess_new"]]
    }
  },
  {
    name: "acquireRelease is interrupted while it creates: the creation ends, and the session is revoked",
    respond: [latched(honest), honest],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(
          Effect.scoped(
            Effect.acquireRelease(stage.create("user_1"), (id) =>
              stage.noteOutcome("revoked", stage.revoke(id))
            )
          )
        )
        yield* inFlight(stage, 1)
        const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
        yield* Effect.yieldNow()
        yield* stage.latch.open
        return yield* yield* Fiber.join(interrupting)
      }),
    expect: {
      outcome: "interrupted",
      aborted: 0,
      requests: ["POST /v1/sessions", "POST /v1/sessions/sess_new/revoke"],
      events: [["revoked", "sess_new"]]
    }
  },
  {
    name: "acquireUseRelease is interrupted while a call is in use",
    respond: [honest, hang, honest],
    run: (stage) =>
      interruptAfter(
        stage,
        arrived(stage, 2),
        Effect.acquireUseRelease(
          stage.create("user_1"),
          (id) => Effect.onExit(stage.get(id), (exit) => stage.note("used", Exit.isInterrupted(exit))),
          (id) => stage.noteOutcome("revoked", stage.revoke(id))
        )
      ),
    expect: {
      outcome: "interrupted",
      aborted: 1,
      requests: ["GET /v1/sessions/sess_new", "POST /v1/sessions", "POST /v1/sessions/sess_new/revoke"],
      events: [
        ["used", true],
        ["revoked", "sess_new"]
      ]
    }
  },
  {
    name: "onInterrupt of a call that was interrupted",
    respond: [hang, honest],
    run: (stage) =>
      interruptAfter(
        stage,
        inFlight(stage, 1),
        Effect.onInterrupt(stage.get("sess_1"), () => stage.noteOutcome("revoked", stage.revoke("sess_1")))
      ),
    expect: { outcome: "interrupted", aborted: 1, events: [["revoked", "sess_1"]] }
  },
  {
    name: "ensuring of a call that was interrupted within its body",
    respond: [hangInBody, honest],
    run: (stage) =>
      interruptAfter(
        stage,
        inFlight(stage, 1),
        Effect.ensuring(stage.get("sess_1"), stage.noteOutcome("revoked", stage.revoke("sess_1")))
      ),
    expect: { outcome: "interrupted", aborted: 1, events: [["revoked", "sess_1"]] }
  },
  {
    name: "onError, onExit and ensuring of a call that failed",
    respond: [failing(404), honest],
    run: (stage) =>
      stage.get("sess_1").pipe(
        Effect.onError(() => stage.noteOutcome("onError", stage.revoke("a"))),
        Effect.onExit(() => stage.noteOutcome("onExit", stage.revoke("b"))),
        Effect.ensuring(stage.noteOutcome("ensuring", stage.revoke("c")))
      ),
    expect: {
      outcome: "fails: NotFound",
      events: [
        ["onError", "a"],
        ["onExit", "b"],
        ["ensuring", "c"]
      ]
    }
  },
  {
    name: "three finalizers, the one in the middle fails: the others are sent in reverse order",
    respond: [
      (seen, latch) => (seen.target.includes("/b/") ? failing(404)(seen, latch) : honest(seen, latch))
    ],
    run: (stage) =>
      interruptAfter(
        stage,
        arrived(stage, 3),
        Effect.scoped(
          Effect.zipRight(
            Effect.forEach(["a", "b", "c"], (id) =>
              Effect.acquireRelease(stage.get(id), (id) => stage.noteOutcome(id, stage.revoke(id)))
            ),
            Effect.never
          )
        )
      ),
    expect: {
      outcome: "interrupted",
      events: [
        ["c", "c"],
        ["b", "fails: NotFound"],
        ["a", "a"]
      ]
    }
  },
  {
    name: "a finalizer that fails makes the exit of its scope fail",
    respond: [honest, failing(401)],
    run: (stage) =>
      Effect.scoped(
        Effect.acquireRelease(stage.create("user_1"), (id) => Effect.orDie(stage.revoke(id)))
      ).pipe(
        Effect.sandbox,
        Effect.mapError(() => ({ _tag: "Defect" }))
      ),
    expect: { outcome: "fails: Defect" }
  },
  {
    name: "finalizers of nested and of parallel scopes",
    respond: [honest],
    run: (stage) =>
      Effect.gen(function* () {
        const hold = (id: string) =>
          Effect.acquireRelease(Effect.succeed(id), (id) => Effect.ignore(stage.revoke(id)))
        const fiber = yield* Effect.fork(
          Effect.scoped(
            Effect.gen(function* () {
              yield* hold("outer")
              return yield* Effect.scoped(
                Effect.gen(function* () {
                  yield* Effect.all([hold("b"), hold("c")]).pipe(Effect.parallelFinalizers)
                  yield* stage.headers.open
                  return yield* Effect.never
                })
              )
            })
          )
        )
        yield* stage.headers.await
        return yield* yield* Fiber.interrupt(fiber)
      }),
    expect: {
      outcome: "interrupted",
      requests: ["POST /v1/sessions/b/revoke", "POST /v1/sessions/c/revoke", "POST /v1/sessions/outer/revoke"]
    }
  },
  {
    name: "a finalizer retries",
    respond: [hang, failing(503), failing(503), honest],
    run: (stage) =>
      interruptAfter(
        stage,
        inFlight(stage, 1),
        Effect.onInterrupt(stage.get("sess_1"), () => stage.noteOutcome("revoked", stage.revoke("sess_1")))
      ),
    expect: {
      aborted: 1,
      events: [["revoked", "sess_1"]],
      requests: ["GET /v1/sessions/sess_1", ...Array<string>(3).fill("POST /v1/sessions/sess_1/revoke")]
    }
  },
  {
    name: "a finalizer waits between retries",
    over: ["memory", "effect-clerk/undici"],
    clock: "test",
    retry: waitsOneSecond,
    respond: [hang, failing(503), honest],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(
          Effect.onInterrupt(stage.get("sess_1"), () => stage.noteOutcome("revoked", stage.revoke("sess_1")))
        )
        yield* inFlight(stage, 1)
        const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
        yield* arrived(stage, 2)
        yield* inFlight(stage, 0)
        yield* TestClock.adjust("999 millis")
        yield* stage.note("before", stage.server.counters.arrived)
        yield* TestClock.adjust("1 millis")
        return yield* yield* Fiber.join(interrupting)
      }),
    expect: {
      outcome: "interrupted",
      aborted: 1,
      events: [
        ["before", 2],
        ["revoked", "sess_1"]
      ]
    }
  },
  {
    name: "a finalizer of a call that has timed out",
    over: ["memory"],
    clock: "test",
    retry: seconds(1, 1, 0),
    respond: [hang, honest],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(
          Effect.ensuring(stage.get("sess_1"), stage.noteOutcome("revoked", stage.revoke("sess_1")))
        )
        yield* inFlight(stage, 1)
        yield* TestClock.adjust("10 seconds")
        return yield* Fiber.join(fiber)
      }),
    expect: { outcome: "fails: Timeout", aborted: 1, events: [["revoked", "sess_1"]] }
  },
  {
    name: "Layer finalizers are sent when the ManagedRuntime is disposed",
    respond: [honest],
    run: (stage) =>
      Effect.gen(function* () {
        const environment = yield* Effect.context<never>()
        class Held extends Context.Tag("test/Held")<Held, string>() {}
        const HeldLive = Layer.scoped(
          Held,
          Effect.acquireRelease(stage.create("user_1"), (id) =>
            stage.noteOutcome("revoked", stage.revoke(id))
          )
        )
        const runtime = ManagedRuntime.make(
          // Of the row, with all that a call requires.
          Layer.provide(HeldLive, Layer.succeedContext(environment)) as unknown as Layer.Layer<Held>
        )
        yield* stage.note("held", yield* Effect.promise(() => runtime.runPromise(Held)))
        yield* Effect.promise(() => runtime.dispose())
      }),
    expect: {
      outcome: undefined,
      requests: ["POST /v1/sessions", "POST /v1/sessions/sess_new/revoke"],
      events: [
        ["held", "sess_new"],
        ["revoked", "sess_new"]
      ]
    }
  },
  {
    name: "a scope that is closed by hand, from another fiber",
    respond: [honest],
    run: (stage) =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        yield* Scope.extend(
          Effect.acquireRelease(stage.create("user_1"), (id) =>
            stage.noteOutcome("revoked", stage.revoke(id))
          ),
          scope
        )
        yield* Fiber.join(yield* Effect.fork(Scope.close(scope, Exit.interrupt(yield* Effect.fiberId))))
      }),
    expect: { events: [["revoked", "sess_new"]] }
  },
  {
    name: "forkScoped: the call is aborted when the scope ends",
    respond: [hang],
    run: (stage) =>
      Effect.scoped(
        Effect.zipRight(
          Effect.forkScoped(Effect.onInterrupt(stage.get("sess_1"), () => stage.note("interrupted"))),
          inFlight(stage, 1)
        )
      ),
    expect: { aborted: 1, events: ["interrupted"] }
  },
  {
    name: "a child's call is aborted when its parent ends",
    respond: [hang],
    run: (stage) =>
      Effect.gen(function* () {
        const parent = yield* Effect.fork(
          Effect.zipRight(
            Effect.fork(Effect.onInterrupt(stage.get("sess_1"), () => stage.note("interrupted"))),
            inFlight(stage, 1)
          )
        )
        yield* Fiber.join(parent)
      }),
    expect: { aborted: 1, events: ["interrupted"] }
  },
  {
    name: "a daemon's call goes on when the fiber that started it is interrupted",
    respond: [latched(honest)],
    run: (stage) =>
      Effect.gen(function* () {
        const started = yield* Deferred.make<Fiber.RuntimeFiber<string, unknown>>()
        const parent = yield* Effect.fork(
          Effect.zipRight(
            Effect.flatMap(Effect.forkDaemon(stage.get("sess_1")), (fiber) =>
              Deferred.succeed(started, fiber)
            ),
            Effect.never
          )
        )
        const daemon = yield* Deferred.await(started)
        yield* inFlight(stage, 1)
        yield* Fiber.interrupt(parent)
        yield* stage.latch.open
        return yield* Fiber.join(daemon)
      }),
    expect: { outcome: "sess_1", aborted: 0 }
  }
])
