import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Duration, Effect, Fiber, Logger, LogLevel, Option, TestClock } from "effect"
import type { SessionTokens } from "effect-clerk"

import * as Guard from "../../src/internal/store/guard.js"
import * as Tokens from "../../src/internal/tokens/make.js"
import * as SealedTier from "../../src/internal/tokens/sealedTier.js"
import { type SharedStore, StoreFailed } from "../../src/internal/tokens/sharedStore.js"
import { makeMint, numberOf } from "./fakeTokens.js"

/** A store in memory that a test can break. */
const makeStore = () => {
  const entries = new Map<string, { readonly value: string; readonly endsAt: number }>()
  const state = { mode: "works" as "works" | "fails" | "hangs", requests: 0 }
  const run = <A>(body: (now: number) => A): Effect.Effect<A, StoreFailed> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      state.requests += 1
      switch (state.mode) {
        case "works":
          return Effect.sync(() => body(now))
        case "fails":
          return Effect.fail(new StoreFailed())
        case "hangs":
          return Effect.never
      }
    })
  const store: SharedStore = {
    get: (keys) =>
      run((now) =>
        keys.map((key) => {
          const entry = entries.get(key)
          return entry !== undefined && entry.endsAt > now
            ? { value: entry.value, millis: entry.endsAt - now }
            : undefined
        })
      ),
    set: (key, value, millis) =>
      run((now) => {
        assert.isTrue(Number.isInteger(millis) && millis > 0)
        entries.set(key, { value, endsAt: now + millis })
      }),
    remove: (key) => run(() => void entries.delete(key))
  }
  return { entries, state, store }
}

/** The cache of one process over the store. */
const processOver = (store: SharedStore) =>
  Effect.gen(function* () {
    const guard = yield* Guard.make({ timeout: Duration.millis(250), down: "down", up: "up" })
    const options = { margin: Duration.seconds(10), capacity: 1000 }
    return yield* Tokens.make(options, Option.some(SealedTier.make(store, guard)))
  })

const tokenOf = (process: SessionTokens.Service, sessionId = "sess_1") =>
  Effect.map(process.get(sessionId), numberOf)

/** Waits until something has happened: encryption takes real time. */
const until = (happened: () => boolean) =>
  Effect.promise(async () => {
    while (!happened()) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  })

describe("tokens that processes share", () => {
  it.scoped("are minted once, and read again for as long as the store keeps them", () => {
    const { layer, mints } = makeMint()
    return Effect.gen(function* () {
      const { store } = makeStore()
      const [one, two, three] = [
        yield* processOver(store),
        yield* processOver(store),
        yield* processOver(store)
      ]
      assert.strictEqual(yield* tokenOf(one), 1)
      assert.strictEqual(yield* tokenOf(two), 1)
      yield* TestClock.adjust("48 seconds")
      assert.strictEqual(yield* tokenOf(two), 1)
      assert.strictEqual(yield* tokenOf(three), 1)
      assert.strictEqual(mints.length, 1)
      // A second before the margin, for the time that a request takes.
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* tokenOf(one), 1)
      assert.strictEqual(yield* tokenOf(two), 2)
      assert.strictEqual(yield* tokenOf(three), 2)
    }).pipe(Effect.provide(layer))
  })

  it.scoped("are looked up again after ten seconds by a process that did not mint them", () => {
    const { layer, mints } = makeMint()
    return Effect.gen(function* () {
      const { store } = makeStore()
      const [one, two] = [yield* processOver(store), yield* processOver(store)]
      yield* tokenOf(one)
      yield* tokenOf(two)
      yield* one.invalidate("sess_1")
      yield* TestClock.adjust("9999 millis")
      assert.strictEqual(yield* tokenOf(two), 1)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* tokenOf(two), 2)
      assert.strictEqual(yield* tokenOf(one), 2)
      assert.strictEqual(mints.length, 2)
    }).pipe(Effect.provide(layer))
  })

  it.scoped("are not those of a mint that began before another process invalidated the session", () => {
    const { layer, mints } = makeMint({ delay: 1000 })
    return Effect.gen(function* () {
      const { store } = makeStore()
      const [one, two, three] = [
        yield* processOver(store),
        yield* processOver(store),
        yield* processOver(store)
      ]
      const minting = yield* Effect.fork(tokenOf(one))
      yield* until(() => mints.length === 1)
      yield* two.invalidate("sess_1")
      yield* TestClock.adjust("500 millis")
      const fresh = yield* Effect.fork(tokenOf(three))
      yield* until(() => mints.length === 2)
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(yield* Fiber.join(minting), 1)
      // The old token is in the store now, and nobody takes it.
      const other = yield* Effect.fork(tokenOf(two))
      yield* until(() => mints.length === 3)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(fresh), 2)
      assert.strictEqual(yield* Fiber.join(other), 3)
    }).pipe(Effect.provide(layer))
  })

  for (const mode of ["fails", "hangs"] as const) {
    it.scoped(`are minted by each process while the store ${mode}, with one warning`, () => {
      const { layer, mints } = makeMint()
      const lines: Array<string> = []
      return Effect.gen(function* () {
        const { state, store } = makeStore()
        const one = yield* processOver(store)
        const two = yield* processOver(store)
        yield* tokenOf(one, "sess_0")
        yield* tokenOf(two, "sess_0")
        state.mode = mode
        const { requests } = state
        const minting = yield* Effect.fork(tokenOf(one))
        yield* until(() => state.requests > requests)
        yield* TestClock.adjust("250 millis")
        assert.strictEqual(yield* Fiber.join(minting), 2)
        assert.strictEqual(yield* tokenOf(one, "sess_2"), 3)
        assert.strictEqual(yield* tokenOf(one), 2)
        assert.deepStrictEqual(lines, ["WARN down "])
        yield* one.invalidate("sess_1")
        assert.match(lines[1] ?? "", /^WARN SessionTokens: .* were not invalidated/)
        assert.strictEqual(yield* tokenOf(one), 4)
        state.mode = "works"
        yield* TestClock.adjust("1 second")
        yield* tokenOf(one, "sess_3")
        yield* until(() => lines.length === 3)
        assert.match(lines[2] ?? "", /^INFO up/)
        yield* tokenOf(one, "sess_4")
        yield* tokenOf(two, "sess_4")
        assert.strictEqual(mints.length, 6)
      }).pipe(
        Effect.provide([
          layer,
          Logger.replace(
            Logger.defaultLogger,
            Logger.make(({ cause, logLevel, message }) => {
              lines.push(`${logLevel.label} ${String(message)} ${Cause.isEmpty(cause) ? "" : "cause"}`)
            })
          ),
          Logger.minimumLogLevel(LogLevel.Info)
        ])
      )
    })
  }

  it.scoped("cost a mint where the store lost the generation, and are never kept in clear", () => {
    const { layer, mints } = makeMint()
    return Effect.gen(function* () {
      const { entries, store } = makeStore()
      yield* tokenOf(yield* processOver(store))
      assert.strictEqual(entries.size, 2)
      assert.notMatch(JSON.stringify([...entries]), /eyJ|sk_|sess_1|signature/)
      for (const key of entries.keys()) {
        if (key.startsWith("effect-clerk:session:")) {
          entries.delete(key)
        }
      }
      assert.strictEqual(yield* tokenOf(yield* processOver(store)), 2)
      assert.strictEqual(mints.length, 2)
    }).pipe(Effect.provide(layer))
  })
})
