/**
 * Measures turns, cached tokens, and the memory of expiry cycles.
 *
 * `node --expose-gc --import tsx test/limits/measure.ts [path of a Redis socket]`
 */
import { Clock, Duration, Effect, Layer } from "effect"
import { ClerkConfig, Sessions, SessionTokens } from "effect-clerk"
import * as ClerkRateLimiter from "effect-clerk/ClerkRateLimiter"
import * as ClerkRedis from "effect-clerk/ClerkRedis"

import { makeMint } from "./fakeTokens.js"

const print = (line: string) => process.stdout.write(`${line}\n`)

const context = { operation: "Sessions.get", method: "GET", path: "/" }

/** Processor time and time on the clock of one run in microseconds, the best of five. */
const measure = <E, R>(name: string, runs: number, effect: Effect.Effect<unknown, E, R>) =>
  Effect.gen(function* () {
    let [processor, clock] = [Infinity, Infinity]
    for (let turn = 0; turn < 5; turn++) {
      const before = process.cpuUsage()
      const start = performance.now()
      yield* effect
      const { system, user } = process.cpuUsage(before)
      processor = Math.min(processor, (system + user) / runs)
      clock = Math.min(clock, ((performance.now() - start) * 1000) / runs)
    }
    print(
      `${name.padEnd(52)}${processor.toFixed(1).padStart(8)} µs processor ${clock.toFixed(1).padStart(8)} µs`
    )
  })

const repeat = <E, R>(runs: number, effect: Effect.Effect<unknown, E, R>): Effect.Effect<void, E, R> =>
  Effect.asVoid(Effect.iterate(0, { while: (run) => run < runs, body: (run) => Effect.as(effect, run + 1) }))

const turn = Effect.map(
  Effect.all([ClerkRateLimiter.ClerkRateLimiter, ClerkConfig.ClerkConfig]),
  ([limiter, settings]) => limiter.takeTurn(context, settings, Duration.infinity)
)

/** A clock on which every turn is within the quota. */
const makeFastClock = () => {
  let now = Date.now()
  return Object.assign(Clock.make(), { unsafeCurrentTimeMillis: () => (now += 200) })
}

const mint = makeMint()

const memory = Effect.gen(function* () {
  const runs = 50_000
  yield* measure("nothing", runs, repeat(runs, Effect.void))
  yield* measure("a turn in memory", runs, repeat(runs, yield* turn)).pipe(Effect.withClock(makeFastClock()))
  yield* SessionTokens.get("sess_1")
  const requests = mint.mints.length
  yield* measure("a cached token", runs, repeat(runs, SessionTokens.get("sess_1")))
  print(`${mint.mints.length - requests} requests for cached tokens`)
}).pipe(Effect.provide([mint.layer, ClerkRateLimiter.layer(), SessionTokens.layer()]))

const call = Effect.gen(function* () {
  const runs = 2000
  const calls = repeat(runs, Sessions.createToken("sess_1"))
  const limited = Effect.provide(calls, ClerkRateLimiter.layer())
  for (const round of [1, 2]) {
    yield* measure(`createToken in memory, no limiter (${round})`, runs, calls)
    yield* measure(`createToken in memory, with a limiter (${round})`, runs, limited)
  }
}).pipe(Effect.provide(mint.layer), Effect.withClock(makeFastClock()))

const redis = (path: string) =>
  Effect.gen(function* () {
    const one = yield* turn
    yield* one
    yield* measure("a turn over Redis, one at a time", 1000, repeat(1000, one))
    const fifty = Effect.all(
      Array.from({ length: 50 }, () => one),
      { concurrency: "unbounded", discard: true }
    )
    yield* measure("a turn over Redis, 50 at once", 5000, repeat(100, fifty))
  }).pipe(
    Effect.provide([
      mint.layer,
      ClerkRedis.layer({ path, limit: { quota: 2_000_000, storeTimeout: "5 seconds" } })
    ])
  )

/** Tokens that expire at once: the margin leaves 20 milliseconds of their lifetime. */
const cycles = Effect.gen(function* () {
  const cycle = Effect.all(
    Array.from({ length: 1000 }, (_, index) => SessionTokens.get(`sess_${index}`)),
    { concurrency: "unbounded", discard: true }
  )
  for (let thousands = 0; thousands <= 100; thousands++) {
    yield* cycle
    mint.mints.length = 0
    yield* Effect.sleep("40 millis")
    if (thousands % 20 === 0) {
      globalThis.gc?.()
      print(`${thousands},000 expiry cycles: heap ${(process.memoryUsage().heapUsed / 1e6).toFixed(1)} MB`)
    }
  }
}).pipe(Effect.provide(Layer.merge(mint.layer, SessionTokens.layer({ margin: "59980 millis" }))))

const path = process.argv[2]

await Effect.runPromise(
  Effect.all([memory, call, path === undefined ? Effect.void : redis(path), cycles], { discard: true })
)
