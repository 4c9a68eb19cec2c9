/** The same cases for `Effect.timeoutFail` and for the faster way that attempts use. */
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import {
  Cause,
  Chunk,
  Deferred,
  Duration,
  Effect,
  Exit,
  Fiber,
  FiberRef,
  HashMap,
  Option,
  Supervisor,
  TestClock
} from "effect"
import { Sessions } from "effect-clerk"
import { constVoid } from "effect/Function"

import { timeoutFail } from "../src/internal/fast/timeoutFail.js"
import * as Mock from "./support/mock.js"
import * as Wire from "./support/wire.js"

type TimeoutFail = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  duration?: Duration.DurationInput
) => Effect.Effect<A, E | "timeout", R>

/** Passes only where an effect never ends by itself. */
const soon = "20 millis"

const plain: TimeoutFail = (self, duration = soon) =>
  Effect.timeoutFail(self, { duration, onTimeout: () => "timeout" as const })

const fast: TimeoutFail = (self, duration = soon) =>
  timeoutFail(self, {
    duration: Duration.decode(duration),
    onTimeout: () => "timeout" as const,
    onAbort: constVoid
  })

interface Stage {
  readonly timeout: TimeoutFail
  /** Adds to what is compared. */
  readonly note: (event: string) => Effect.Effect<void>
}

const ref = FiberRef.unsafeMake("initial")

const cases: Readonly<Record<string, (stage: Stage) => Effect.Effect<unknown, unknown>>> = {
  "an effect that ends at once": ({ timeout }) => timeout(Effect.succeed("value"), "1 hour"),
  "an effect that ends later": ({ timeout }) => timeout(Effect.as(Effect.yieldNow(), "value"), "1 hour"),
  "an effect that fails": ({ timeout }) => timeout(Effect.fail("failure"), "1 hour"),
  "an effect that dies": ({ timeout }) => timeout(Effect.die("defect"), "1 hour"),
  "an effect that throws": ({ timeout }) =>
    timeout(
      Effect.suspend(() => {
        throw "thrown"
      }),
      "1 hour"
    ),
  "an effect that interrupts itself": ({ timeout }) => timeout(Effect.interrupt, "1 hour"),
  "an infinite duration": ({ timeout }) => timeout(Effect.as(Effect.yieldNow(), "value"), Duration.infinity),
  "an effect that never ends": ({ timeout }) => timeout(Effect.never),
  "a timeout that is caught": ({ timeout }) =>
    Effect.catchAll(timeout(Effect.never), (error) => Effect.succeed(`caught ${error}`)),
  "finalizers run before the failure, in order": ({ note, timeout }) =>
    timeout(
      Effect.never.pipe(
        Effect.onInterrupt(() => Effect.zipRight(Effect.yieldNow(), note("interrupted"))),
        Effect.ensuring(note("ensured"))
      )
    ).pipe(Effect.tapError((error) => note(`failed: ${error}`))),
  "a finalizer that dies": ({ note, timeout }) =>
    Effect.tapErrorCause(timeout(Effect.ensuring(Effect.never, Effect.die("defect"))), () => note("failed")),
  "an effect that cannot be interrupted and ends later": ({ note, timeout }) =>
    Effect.gen(function* () {
      const latch = yield* Effect.makeLatch()
      const self = Effect.uninterruptible(Effect.zipRight(latch.await, note("ended")))
      const fiber = yield* Effect.fork(Effect.exit(timeout(self)))
      // In real and in test time: longer than the timeout.
      yield* Effect.sleep("40 millis")
      yield* note("opened")
      yield* latch.open
      return yield* Effect.flatten(Fiber.join(fiber))
    }),
  "FiberRefs that the effect sets": ({ timeout }) =>
    Effect.zipRight(timeout(FiberRef.set(ref, "set"), "1 hour"), FiberRef.get(ref)),
  "FiberRefs that a failing effect sets": ({ timeout }) =>
    Effect.zipRight(
      Effect.ignore(timeout(Effect.zipRight(FiberRef.set(ref, "set"), Effect.fail("failure")), "1 hour")),
      FiberRef.get(ref)
    ),
  "FiberRefs that an effect sets before its timeout": ({ timeout }) =>
    Effect.zipRight(
      Effect.ignore(timeout(Effect.zipRight(FiberRef.set(ref, "set"), Effect.never))),
      FiberRef.get(ref)
    ),
  "FiberRefs of the caller": ({ timeout }) =>
    Effect.locally(timeout(FiberRef.get(ref), "1 hour"), ref, "of the caller"),
  "children of the effect end with it": ({ note, timeout }) =>
    Effect.gen(function* () {
      const started = yield* Deferred.make<void>()
      const child = Effect.zipRight(Deferred.succeed(started, undefined), Effect.never).pipe(
        Effect.onInterrupt(() => note("child interrupted"))
      )
      yield* timeout(Effect.zipRight(Effect.fork(child), Deferred.await(started)), "1 hour")
      yield* note("value")
    }),
  "children of an effect end with its timeout": ({ note, timeout }) =>
    Effect.gen(function* () {
      const started = yield* Deferred.make<void>()
      const child = Effect.zipRight(Deferred.succeed(started, undefined), Effect.never).pipe(
        Effect.onInterrupt(() => note("child interrupted"))
      )
      yield* timeout(
        Effect.all([Effect.fork(child), Deferred.await(started), Effect.never], { discard: true })
      )
    }),
  "an interruption of the caller": ({ note, timeout }) =>
    Effect.gen(function* () {
      const started = yield* Deferred.make<void>()
      const self = Deferred.succeed(started, undefined).pipe(
        Effect.zipRight(Effect.never),
        Effect.onInterrupt(() => Effect.zipRight(Effect.yieldNow(), note("interrupted")))
      )
      const fiber = yield* Effect.fork(timeout(self, "1 hour"))
      yield* Deferred.await(started)
      const exit = yield* Fiber.interrupt(fiber)
      yield* note("caller goes on")
      return yield* exit
    }),
  "a timeout within a timeout": ({ timeout }) =>
    timeout(
      Effect.catchAll(timeout(Effect.never), () => Effect.succeed("inner")),
      "1 hour"
    ),
  "two at once": ({ timeout }) =>
    Effect.all([Effect.exit(timeout(Effect.never)), timeout(Effect.succeed("value"), "1 hour")], {
      concurrency: "unbounded"
    }).pipe(Effect.map(([first, second]) => [describeExit(first), second]))
}

/** The failures, defects and interruptions of an exit, without the ids of fibers. */
const describeExit = (exit: Exit.Exit<unknown, unknown>): unknown =>
  Exit.match(exit, {
    onSuccess: (value) => ({ value }),
    onFailure: (cause) => ({
      failures: Chunk.toReadonlyArray(Cause.failures(cause)),
      defects: Chunk.toReadonlyArray(Cause.defects(cause)),
      isInterrupted: Cause.isInterrupted(cause)
    })
  })

const observe = (
  run: (stage: Stage) => Effect.Effect<unknown, unknown>,
  timeout: TimeoutFail,
  passTime: Effect.Effect<void>
) =>
  Effect.gen(function* () {
    const events: Array<string> = []
    const note = (event: string) => Effect.sync(() => void events.push(event))
    const supervisor = yield* Supervisor.track
    const fiber = yield* run({ timeout, note }).pipe(Effect.exit, Effect.supervised(supervisor), Effect.fork)
    yield* passTime
    // Unlike `join`, it does not hand the FiberRefs of one run to the next.
    const exit = yield* Effect.flatten(Fiber.await(fiber))
    const left = yield* supervisor.value
    yield* Effect.yieldNow()
    return {
      exit: describeExit(exit),
      events,
      fibers: left.filter((fiber) => fiber.unsafePoll() === null).length
    }
  })

describe("timeoutFail does what Effect.timeoutFail does", () => {
  for (const [name, run] of Object.entries(cases)) {
    it.live(`${name}, on the live clock`, () =>
      Effect.gen(function* () {
        const expected = yield* observe(run, plain, Effect.void)
        deepStrictEqual(yield* observe(run, fast, Effect.void), expected)
      })
    )

    it.effect(`${name}, on a test clock`, () =>
      Effect.gen(function* () {
        const passTime = TestClock.adjust("1 minute")
        const expected = yield* observe(run, plain, passTime)
        deepStrictEqual(yield* observe(run, fast, passTime), expected)
      })
    )
  }
})

describe("timeoutFail", () => {
  const never = { duration: Duration.millis(20), onTimeout: () => "timeout" as const }

  it.live("aborts before it interrupts, once", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const self = Effect.onInterrupt(Effect.never, () => Effect.sync(() => void events.push("interrupted")))
      yield* Effect.flip(timeoutFail(self, { ...never, onAbort: () => void events.push("aborted") }))
      deepStrictEqual(events, ["aborted", "interrupted"])
    })
  )

  it.live("does not abort an effect that has ended", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const options = { ...never, duration: Duration.hours(1), onAbort: () => void events.push("aborted") }
      yield* timeoutFail(Effect.yieldNow(), options)
      yield* Effect.flip(timeoutFail(Effect.fail("failure"), options))
      deepStrictEqual(events, [])
    })
  )

  // The plain way waits for the effect there. A server that does not respond must not hang a finalizer.
  it.live("holds in an uninterruptible region", () =>
    Effect.gen(function* () {
      const self = timeoutFail(Effect.never, { ...never, onAbort: constVoid })
      assert.strictEqual(yield* Effect.flip(Effect.uninterruptible(self)), "timeout")
    })
  )

  // A timer of JavaScript fires at once when it is told to wait for longer than 2^31 milliseconds.
  it.live.each([Duration.infinity, Duration.days(30)])("does not fail early with %s", (duration) =>
    Effect.gen(function* () {
      const self = Effect.as(Effect.sleep("20 millis"), "value")
      const options = { duration, onTimeout: () => "timeout" as const, onAbort: constVoid }
      assert.strictEqual(yield* timeoutFail(self, options), "value")
    })
  )

  it.live("clears its timer, whatever the end", () =>
    Effect.gen(function* () {
      const pending = yield* pendingTimers
      const { layer, requests } = Mock.make((_, index) =>
        index === 1
          ? Mock.json(Wire.session)
          : index === 2
            ? Effect.as(Effect.yieldNow(), Mock.json({}, 404))
            : Effect.never
      )
      const get = Effect.provide(Sessions.get("sess_1"), layer)
      yield* get
      yield* Effect.flip(get)
      assert.strictEqual(pending.size, 0)
      const fiber = yield* Effect.fork(get)
      yield* Effect.yieldNow().pipe(
        Effect.repeat({ until: () => requests.length === 3 && pending.size === 1 })
      )
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(pending.size, 0)
    }).pipe(Effect.scoped)
  )

  it.effect("gives the client the FiberRefs of the caller", () =>
    Effect.gen(function* () {
      const { layer } = Mock.make(() =>
        Effect.map(Effect.logAnnotations, (annotations) =>
          Mock.json({ ...Wire.session, id: Option.getOrThrow(HashMap.get(annotations, "id")) })
        )
      )
      const session = yield* Sessions.get("a").pipe(
        Effect.annotateLogs("id", "sess_annotated"),
        Effect.provide(layer)
      )
      assert.strictEqual(session.id, "sess_annotated")
    })
  )
})

/** The timers of 10 seconds, the default timeout, that are set and not cleared, until the scope closes. */
const pendingTimers = Effect.acquireRelease(
  Effect.sync(() => {
    const { clearTimeout, setTimeout } = globalThis
    const pending = new Set<unknown>()
    const set = (callback: () => void, delay?: number) => {
      const timer = setTimeout(callback, delay)
      if (delay === 10_000) pending.add(timer)
      return timer
    }
    const clear: typeof clearTimeout = (timer) => {
      pending.delete(timer)
      clearTimeout(timer)
    }
    Object.assign(globalThis, { setTimeout: set, clearTimeout: clear })
    return { pending, restore: () => Object.assign(globalThis, { clearTimeout, setTimeout }) }
  }),
  ({ restore }) => Effect.sync(restore)
).pipe(Effect.map(({ pending }) => pending))
