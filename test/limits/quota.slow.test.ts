import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, FastCheck, Fiber } from "effect"
import * as ClerkRateLimiter from "effect-clerk/ClerkRateLimiter"

import * as Window from "../../src/internal/limit/window.js"
import { context, makeHandClock, mostWithin, settings } from "./support.js"

const per = 10_000

/** A small generator of repeatable numbers in [0, 1). */
const random = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}

interface Simulation {
  readonly quota: number
  readonly seed: number
  readonly seconds: number
  /** The part of the waiting requests that is interrupted. */
  readonly leaving: number
  /** Milliseconds until the next request comes, given the time since the start. */
  readonly pause: (elapsed: number, next: () => number) => number
  /** Requests that come at once. */
  readonly size: (next: () => number) => number
}

/** Sends requests by a pattern for some minutes of a hand-turned clock, and returns the times of all turns. */
const simulate = ({ leaving, pause, quota, seconds, seed, size }: Simulation) =>
  Effect.gen(function* () {
    const time = makeHandClock()
    const next = random(seed)
    const turns: Array<number> = []
    const end = time.start + seconds * 1000
    const run = Effect.gen(function* () {
      const limiter = yield* ClerkRateLimiter.ClerkRateLimiter
      const config = yield* settings()
      const request = Effect.zipRight(
        limiter.takeTurn(context, config, Duration.infinity),
        Effect.sync(() => turns.push(time.now()))
      )
      const waiting = new Set<Fiber.RuntimeFiber<unknown, unknown>>()
      let at = time.start
      while (at < end) {
        yield* time.advanceTo(at)
        const count = waiting.size > quota / 2 + 50 ? 0 : size(next)
        for (let sent = 0; sent < count; sent++) {
          const fiber = yield* Effect.fork(Effect.ignore(request))
          waiting.add(fiber)
          fiber.addObserver(() => waiting.delete(fiber))
          if (next() < leaving) {
            yield* Effect.fork(Effect.delay(Fiber.interrupt(fiber), next() * 12_000))
          }
        }
        at += Math.max(1, Math.round(pause(at - time.start, next)))
      }
      yield* time.advanceTo(end)
    })
    yield* run.pipe(
      Effect.provide(ClerkRateLimiter.layer({ quota, maxWait: "1 hour" })),
      Effect.scoped,
      Effect.withClock(time.clock)
    )
    return turns
  })

const patterns = {
  greedy: { pause: () => 500, size: () => 700 },
  paced: { pause: () => 7, size: () => 1 },
  bursts: { pause: (_: number, next: () => number) => next() * 12_000, size: () => 1500 },
  random: {
    pause: (_: number, next: () => number) => next() ** 4 * 3000,
    size: (next: () => number) => Math.floor(next() ** 3 * 300)
  }
}

describe("the quota", () => {
  it("is kept by windows of whole milliseconds, small enough for every span", () => {
    const spans = [
      { span: 1000, quotas: 500 },
      { span: 10_000, quotas: 9000 },
      { span: 60_000, quotas: 4000 }
    ]
    for (const { quotas, span } of spans) {
      for (let quota = 1; quota <= quotas; quota++) {
        const { keys, length, limit, refill } = Window.make(quota, span)
        const name = `${quota} per ${span}`
        assert.isTrue(Number.isInteger(refill) && refill >= 1, name)
        assert.isTrue(Number.isInteger(limit) && limit >= 1, name)
        assert.strictEqual(length, limit * refill, name)
        // With one turn at a time, turns are evenly spaced; else a full window may come on top.
        const most = Math.floor(span / refill) + limit
        assert.isAtMost(keys * most, quota, name)
        if (span === per && quota >= 10) {
          assert.isAtLeast((keys * span) / refill, 0.8 * quota, name)
        }
      }
    }
    assert.deepStrictEqual(Window.make(100, per), { keys: 1, limit: 10, refill: 112, length: 1120 })
    assert.deepStrictEqual(Window.make(1000, per), { keys: 1, limit: 166, refill: 12, length: 1992 })
  })

  for (const [name, pattern] of Object.entries(patterns)) {
    it.effect(`is never exceeded in any 10 seconds: ${name} arrivals, 30 % of the waiting interrupted`, () =>
      Effect.promise(() =>
        FastCheck.assert(
          FastCheck.asyncProperty(
            FastCheck.record({
              quota: FastCheck.oneof(
                FastCheck.constantFrom(1, 2, 9, 10, 100, 1000),
                FastCheck.integer({ min: 1, max: 1500 })
              ),
              seed: FastCheck.integer({ min: 1, max: 2 ** 31 })
            }),
            async ({ quota, seed }) => {
              const turns = await Effect.runPromise(
                simulate({ quota, seed, seconds: 25, leaving: 0.3, ...pattern })
              )
              assert.isAtMost(mostWithin(per, turns), quota)
            }
          ),
          { numRuns: 4, seed: 15 }
        )
      )
    )
  }

  it.effect("can be used by 80 % at least, although 30 % of the waiting leave", () =>
    Effect.gen(function* () {
      for (const quota of [10, 57, 100, 999, 1000, 4000]) {
        const turns = yield* simulate({
          quota,
          seed: quota,
          seconds: 25,
          leaving: 0.3,
          pause: () => 1000,
          size: () => Math.ceil(quota / 5)
        })
        assert.isAtMost(mostWithin(per, turns), quota, `most of ${quota}`)
        assert.isAtLeast(turns.length, 2.5 * 0.8 * quota, `throughput of ${quota}`)
      }
    })
  )
})
