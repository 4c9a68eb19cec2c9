import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Either, Fiber, HashMap, Option } from "effect"
import { Sessions } from "effect-clerk"
import * as Schedule from "effect/Schedule"

import * as Mock from "./support/mock.js"
import * as Wire from "./support/wire.js"

describe("the timeout of an attempt, on the live clock", () => {
  it.live("interrupts what takes too long, and ends with Timeout", () =>
    Effect.gen(function* () {
      let interrupted = false
      const mock = Mock.make(
        () =>
          Effect.onInterrupt(Effect.never, () =>
            Effect.sync(() => {
              interrupted = true
            })
          ),
        { timeout: "20 millis", retry: Schedule.stop }
      )
      const [elapsed, error] = yield* Effect.flip(Sessions.get("a")).pipe(
        Effect.provide(mock.layer),
        Effect.timed
      )
      assert.strictEqual(error._tag, "Timeout")
      assert.isTrue(interrupted)
      assert.isAtLeast(Duration.toMillis(elapsed), 19)
      assert.isBelow(Duration.toMillis(elapsed), 1000)
    })
  )

  it.live.each([Duration.infinity, Duration.days(30)])("does not go off early, at %s", (timeout) =>
    Effect.gen(function* () {
      // Longer than a timer of JavaScript can wait: told to, it goes off at once.
      const mock = Mock.make(() => Effect.as(Effect.sleep("20 millis"), Mock.json(Wire.session)), {
        timeout
      })
      const session = yield* Effect.provide(Sessions.get("a"), mock.layer)
      assert.strictEqual(session.status, "active")
    })
  )

  it.live("leaves no timer behind that would keep a process alive", () =>
    Effect.gen(function* () {
      const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length
      const before = timers()
      const mock = Mock.make((_, count) =>
        count === 1
          ? Mock.json(Wire.session)
          : count === 2
            ? Effect.as(Effect.yieldNow(), Mock.json({}, 404))
            : Effect.never
      )
      yield* Effect.provide(Sessions.get("a"), mock.layer)
      assert.isTrue(Either.isLeft(yield* Effect.either(Effect.provide(Sessions.get("a"), mock.layer))))
      const fiber = yield* Effect.fork(Effect.provide(Sessions.get("a"), mock.layer))
      yield* Effect.yieldNow().pipe(Effect.repeat({ until: () => mock.requests.length === 3 }))
      yield* Fiber.interrupt(fiber)
      assert.isAtMost(timers(), before)
    })
  )
})

it.effect("the fiber of an attempt has the caller's fiber refs", () =>
  Effect.gen(function* () {
    const mock = Mock.make(() =>
      Effect.map(Effect.logAnnotations, (annotations) =>
        Mock.json({ ...Wire.session, id: Option.getOrThrow(HashMap.get(annotations, "id")) })
      )
    )
    const session = yield* Sessions.get("a").pipe(
      Effect.annotateLogs("id", "sess_annotated"),
      Effect.provide(mock.layer)
    )
    assert.strictEqual(session.id, "sess_annotated")
  })
)

it.live("what an attempt came to does not outlive the next minor collection of garbage", () =>
  Effect.gen(function* () {
    setFlagsFromString("--expose-gc")
    // `gc` is a function in contexts made after the flag was set.
    const gc = runInNewContext("gc") as (options?: { readonly type: "minor" }) => void
    const page = Array.from({ length: 50 }, (_, index) => ({ ...Wire.session, id: `sess_${index}` }))
    const mock = Mock.make(() => Effect.as(Effect.yieldNow(), Mock.json(page)))
    const lists = Effect.repeatN(Sessions.list({ userId: "user_1", limit: 50 }), 199)
    yield* Effect.provide(lists, mock.layer)
    gc()
    const before = process.memoryUsage().heapUsed
    yield* Effect.provide(lists, mock.layer)
    gc({ type: "minor" })
    gc({ type: "minor" })
    // Small lists, of which no minor collection meets more than one: together they take 8 MB, and all else 3.
    assert.isBelow(process.memoryUsage().heapUsed - before, 5_000_000)
  })
)
