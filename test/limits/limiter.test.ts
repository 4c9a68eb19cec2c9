import * as RateLimiter from "@effect/experimental/RateLimiter"
import { assert, describe, it } from "@effect/vitest"
import {
  Cause,
  Deferred,
  Duration,
  Effect,
  Exit,
  Fiber,
  HashMap,
  Layer,
  Logger,
  Option,
  TestClock
} from "effect"
import { ClerkError } from "effect-clerk"
import * as ClerkRateLimiter from "effect-clerk/ClerkRateLimiter"

import { context, settings } from "./support.js"

/** Takes a turn with these settings. */
const turn = (secretKey?: string, apiUrl?: string) =>
  Effect.gen(function* () {
    const limiter = yield* ClerkRateLimiter.ClerkRateLimiter
    return yield* limiter.takeTurn(context, yield* settings(secretKey, apiUrl), Duration.infinity)
  })

const holdBack = (retryAfter: Duration.DurationInput, secretKey?: string) =>
  Effect.gen(function* () {
    const limiter = yield* ClerkRateLimiter.ClerkRateLimiter
    return yield* limiter.holdBack(yield* settings(secretKey), Duration.decode(retryAfter))
  })

/** Takes turns until one is not given at once, and returns how many were. */
const drain = (secretKey?: string) =>
  Effect.gen(function* () {
    for (let taken = 0; ; taken++) {
      const fiber = yield* Effect.fork(turn(secretKey))
      yield* Effect.yieldNow()
      yield* Effect.yieldNow()
      if (Option.isNone(yield* Fiber.poll(fiber))) {
        yield* Fiber.interrupt(fiber)
        return taken
      }
    }
  })

const isDone = <A, E>(fiber: Fiber.RuntimeFiber<A, E>) => Effect.map(Fiber.poll(fiber), Option.isSome)

/** What a log line holds, the cause included. */
interface Line {
  readonly level: string
  readonly text: string
}

const recordLogs = (lines: Array<Line>) =>
  Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ annotations, cause, logLevel, message }) => {
      lines.push({
        level: logLevel.label,
        text: `${String(message)} ${Cause.pretty(cause)} ${JSON.stringify(HashMap.toEntries(annotations))}`
      })
    })
  )

const secret = "not-to-be-logged"

/** A store whose behavior a test switches, and the requests it got. */
const makeStore = Effect.gen(function* () {
  const memory = yield* Effect.provide(RateLimiter.RateLimiterStore, RateLimiter.layerStoreMemory)
  const state = {
    mode: "works" as "works" | "taken" | "fails" | "hangs" | "dies" | "stuck",
    requests: 0,
    keys: new Set<string>()
  }
  const store = RateLimiter.RateLimiterStore.of({
    ...memory,
    fixedWindow: (options) =>
      Effect.suspend(() => {
        state.requests += 1
        state.keys.add(options.key)
        switch (state.mode) {
          case "works":
            return memory.fixedWindow(options)
          case "taken":
            return Effect.succeed([11, 500] as const)
          case "fails":
            return Effect.fail(
              new RateLimiter.RateLimitStoreError({ message: secret, cause: new Error(`${secret} cause`) })
            )
          case "hangs":
            return Effect.never
          case "dies":
            return Effect.die(new Error(secret))
          case "stuck":
            return Effect.uninterruptible(Effect.never)
        }
      })
  })
  return { state, layer: Layer.succeed(RateLimiter.RateLimiterStore, store) }
})

describe("ClerkRateLimiter.layer", () => {
  it.effect("gives turns in order, and at once while the quota lasts", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* drain(), 10)
      const order: Array<number> = []
      const fibers = yield* Effect.forEach([0, 1, 2], (index) =>
        Effect.fork(
          Effect.zipRight(
            turn(),
            Effect.sync(() => order.push(index))
          )
        )
      )
      yield* TestClock.adjust("1119 millis")
      assert.deepStrictEqual(order, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(order, [0, 1, 2])
      yield* Fiber.joinAll(fibers)
    }).pipe(Effect.provide(ClerkRateLimiter.layer()))
  )

  it.effect("has 1000 requests for keys of production, and `share` of them for this program", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* Effect.provide(drain("sk_live_x"), ClerkRateLimiter.layer()), 166)
      assert.strictEqual(yield* Effect.provide(drain("sk_test_x"), ClerkRateLimiter.layer()), 10)
      assert.strictEqual(
        yield* Effect.provide(drain("sk_live_x"), ClerkRateLimiter.layer({ share: 0.1 })),
        10
      )
      assert.strictEqual(yield* Effect.provide(drain(), ClerkRateLimiter.layer({ quota: 4 })), 1)
    })
  )

  it.effect("counts each secret key and each API address by itself", () =>
    Effect.gen(function* () {
      yield* drain("sk_test_one")
      assert.strictEqual(yield* drain("sk_test_two"), 10)
      const other = yield* Effect.fork(turn("sk_test_one", "https://clerk.example"))
      yield* Effect.yieldNow()
      yield* Fiber.join(other)
      yield* holdBack("5 seconds", "sk_test_two")
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* drain("sk_test_one"), 10)
      assert.strictEqual(yield* drain("sk_test_two"), 0)
    }).pipe(Effect.provide(ClerkRateLimiter.layer()))
  )

  it.effect("gives the place of an interrupted wait to the next request", () =>
    Effect.gen(function* () {
      yield* drain()
      const first = yield* Effect.fork(turn())
      const second = yield* Effect.fork(turn())
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("1120 millis")
      yield* Fiber.join(second)
      assert.strictEqual(yield* drain(), 9)
    }).pipe(Effect.provide(ClerkRateLimiter.layer()))
  )

  it.effect("refuses at once where the wait is sure to pass `maxWait`, and says when to come back", () =>
    Effect.gen(function* () {
      yield* drain()
      const waiting = yield* Effect.forEach(Array.from({ length: 20 }), () => Effect.fork(turn()))
      yield* Effect.yieldNow()
      const error = yield* Effect.flip(turn())
      assert.instanceOf(error, ClerkError.RateLimited)
      assert.deepStrictEqual(
        error.errors.map(({ code }) => code),
        ["client_rate_limit"]
      )
      assert.deepStrictEqual({ operation: error.operation, method: error.method, path: error.path }, context)
      assert.match(error.message, /nothing was sent: no turn of the rate limiter within 3s \(maxWait\)/)
      assert.deepStrictEqual(error.retryAfter, Option.some(Duration.millis(3360)))
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.joinAll(waiting)
    }).pipe(Effect.provide(ClerkRateLimiter.layer({ maxWait: "3 seconds" })))
  )

  it.effect("refuses after `maxWait` where others took the turns, in uninterruptible regions too", () =>
    Effect.gen(function* () {
      const { layer, state } = yield* makeStore
      yield* Effect.gen(function* () {
        // The hash of the secret key takes real time, once.
        yield* turn()
        state.mode = "taken"
        const waiting = yield* Effect.fork(Effect.exit(Effect.uninterruptible(turn())))
        yield* TestClock.adjust("2999 millis")
        assert.isFalse(yield* isDone(waiting))
        yield* TestClock.adjust("1 millis")
        assert.isTrue(Exit.isFailure(yield* Fiber.join(waiting)))
      }).pipe(
        Effect.provide(Layer.provideMerge(ClerkRateLimiter.layerStore({ maxWait: "3 seconds" }), layer))
      )
    })
  )

  it.effect("holds back all requests of a key for the Retry-After of a 429", () =>
    Effect.gen(function* () {
      yield* holdBack("7 seconds")
      // A shorter one does not end the hold.
      yield* holdBack("1 second")
      const waiting = yield* Effect.fork(turn())
      yield* TestClock.adjust("6999 millis")
      assert.isFalse(yield* isDone(waiting))
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(waiting)
      yield* holdBack("11 seconds")
      const error = yield* Effect.flip(turn())
      assert.deepStrictEqual(error.retryAfter, Option.some(Duration.seconds(11)))
    }).pipe(Effect.provide(ClerkRateLimiter.layer()))
  )

  it.effect("goes on where the clock was set back", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1e12)
      yield* holdBack("2 seconds")
      yield* TestClock.adjust("2 seconds")
      yield* drain()
      yield* TestClock.setTime(1e11)
      assert.strictEqual(yield* drain(), 10)
      yield* TestClock.setTime(1e12)
      yield* holdBack("2 seconds")
      yield* TestClock.setTime(1e10)
      yield* turn()
    }).pipe(Effect.provide(ClerkRateLimiter.layer()))
  )

  it.effect("fails the layer with a ConfigError that names a senseless option", () =>
    Effect.gen(function* () {
      const senseless: Array<[string, ClerkRateLimiter.StoreOptions]> = [
        ["quota", { quota: 0 }],
        ["quota", { quota: 1.5 }],
        ["quota", { quota: Number.NaN }],
        ["per", { per: 0 }],
        ["per", { per: -5 }],
        ["per", { per: Duration.infinity }],
        ["share", { share: 0 }],
        ["share", { share: 1.01 }],
        ["share", { share: 0.001 }],
        ["maxWait", { maxWait: -1 }],
        ["maxWait", { maxWait: Number.NaN }],
        ["storeTimeout", { storeTimeout: 0 }],
        ["storeTimeout", { storeTimeout: Duration.infinity }]
      ]
      for (const [name, options] of senseless) {
        const error = yield* Effect.flip(Effect.scoped(Layer.build(ClerkRateLimiter.layer(options))))
        assert.match(String(error), new RegExp(`\\b${name}\\b.*must be`, "s"), JSON.stringify(options))
      }
    })
  )
})

describe("ClerkRateLimiter.layerStore", () => {
  const build = (options: ClerkRateLimiter.StoreOptions = {}) =>
    Effect.gen(function* () {
      const { layer, state } = yield* makeStore
      const lines: Array<Line> = []
      const limiter = ClerkRateLimiter.layerStore(options).pipe(Layer.provide(layer))
      return { lines, state, store: layer, provided: Layer.merge(limiter, recordLogs(lines)) }
    })

  it.live("shares a quota among all that use the store", () =>
    Effect.gen(function* () {
      const { layer, state } = yield* makeStore
      const limiter = ClerkRateLimiter.layerStore({ maxWait: 0 }).pipe(Layer.provide(layer))
      const attempt = Effect.forEach(Array.from({ length: 8 }), () => Effect.either(turn()), {
        concurrency: "unbounded"
      })
      const one = yield* Effect.provide(attempt, limiter)
      const other = yield* Effect.provide(attempt, Layer.fresh(limiter))
      assert.strictEqual([...one, ...other].filter(({ _tag }) => _tag === "Right").length, 10)
      for (const key of state.keys) {
        assert.match(key, /^effect-clerk:limit:https:\/\/api\.clerk\.com:[0-9a-f]{32}$/)
      }
    })
  )

  it.live("passes the Retry-After of a 429 on to others, once however many got it", () =>
    Effect.gen(function* () {
      const { layer } = yield* makeStore
      const limiter = ClerkRateLimiter.layerStore({ maxWait: 0 }).pipe(Layer.provide(layer))
      const processes = Array.from({ length: 5 })
      yield* Effect.forEach(processes, () => Effect.provide(turn(), Layer.fresh(limiter)))
      yield* Effect.forEach(processes, () => Effect.provide(holdBack("60 seconds"), Layer.fresh(limiter)), {
        concurrency: "unbounded"
      })
      const error = yield* Effect.flip(Effect.provide(turn(), Layer.fresh(limiter)))
      assert.instanceOf(error, ClerkError.RateLimited)
      const { retryAfter } = error
      const millis = Option.match(retryAfter, { onNone: () => 0, onSome: Duration.toMillis })
      assert.isAbove(millis, 55_000)
      assert.isAtMost(millis, 60_000 + 2 * 1120)
    })
  )

  for (const mode of ["fails", "hangs", "dies", "stuck"] as const) {
    it.effect(`limits in this process while the store ${mode}, and comes back to the store`, () =>
      Effect.gen(function* () {
        const { lines, provided, state } = yield* build({ maxWait: 0 })
        yield* Effect.gen(function* () {
          // The hash of the secret key takes real time, once.
          yield* turn()
          state.mode = mode
          const fibers = yield* Effect.forEach(Array.from({ length: 50 }), () =>
            Effect.fork(Effect.either(turn()))
          )
          yield* TestClock.adjust("250 millis")
          const results = yield* Fiber.join(Fiber.all(fibers))
          assert.strictEqual(results.filter(({ _tag }) => _tag === "Right").length, 10)
          const asked = state.requests
          yield* Effect.either(turn())
          assert.strictEqual(state.requests, asked)
          state.mode = "works"
          yield* TestClock.adjust("1 second")
          // The first request after the pause is limited here, and asks the store in the background.
          yield* Effect.either(turn())
          yield* TestClock.adjust("1 second")
          assert.strictEqual(state.requests, asked + 1)
          yield* turn()
          assert.strictEqual(state.requests, asked + 2)
        }).pipe(Effect.provide(provided))
        assert.deepStrictEqual(
          lines.map(({ level }) => level),
          ["WARN", "INFO"]
        )
        assert.match(lines[0]?.text ?? "", /the store is down, requests are limited in this process alone/)
        assert.notInclude(JSON.stringify(lines), secret)
      })
    )
  }

  it.effect("waits for a hanging store once, however many ask at the same time", () =>
    Effect.gen(function* () {
      const { layer, state } = yield* makeStore
      state.mode = "hangs"
      yield* Effect.gen(function* () {
        const limiter = yield* ClerkRateLimiter.ClerkRateLimiter
        const config = yield* settings()
        // The hash of the secret key takes real time, once.
        state.mode = "works"
        yield* limiter.takeTurn(context, config, Duration.infinity)
        state.mode = "hangs"
        const before = state.requests
        const fibers = yield* Effect.forEach(Array.from({ length: 50 }), () =>
          Effect.fork(limiter.takeTurn(context, config, Duration.infinity))
        )
        yield* TestClock.adjust("250 millis")
        assert.isTrue(state.requests > before)
        yield* Fiber.joinAll(fibers)
        const late = yield* Effect.fork(limiter.takeTurn(context, config, Duration.infinity))
        yield* Effect.yieldNow()
        yield* Fiber.join(late)
      }).pipe(Effect.provide(Layer.provideMerge(ClerkRateLimiter.layerStore({ quota: 1000 }), layer)))
    })
  )

  it.live('sends without a limit, or refuses, while the store is down: "open" and "closed"', () =>
    Effect.gen(function* () {
      const open = yield* build({ onStoreDown: "open" })
      open.state.mode = "fails"
      yield* Effect.provide(Effect.replicateEffect(turn(), 500, { discard: true }), open.provided)
      const closed = yield* build({ onStoreDown: "closed" })
      closed.state.mode = "fails"
      const error = yield* Effect.flip(Effect.provide(turn(), closed.provided))
      assert.strictEqual(error._tag, "RateLimited")
      assert.match(error.message, /client_rate_limit nothing was sent: the store of the rate limiter is down/)
      assert.notInclude(JSON.stringify([...open.lines, ...closed.lines]), secret)
    })
  )

  it.live("leaves nothing behind when its scope closes during an outage", () =>
    Effect.gen(function* () {
      const { provided, state } = yield* build({ storeTimeout: "10 millis" })
      const started = yield* Deferred.make<void>()
      state.mode = "stuck"
      yield* Effect.provide(Effect.zipRight(turn(), Deferred.succeed(started, undefined)), provided)
      yield* Deferred.await(started)
    })
  )
})
