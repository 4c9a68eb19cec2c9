/** Checks that need a machine that does nothing else: they measure time and memory. */
import { Duration, Effect, Exit, Fiber, Layer, Schedule } from "effect"
import type { Scope } from "effect"
import { type ClerkConfig, ClerkRetry, Sessions } from "effect-clerk"

import * as Config from "../support/config.js"
import * as Server from "../support/faultServer.js"
import * as Mock from "../support/mock.js"
import { operations } from "../support/operations.js"
import * as Respond from "../support/respond.js"
import * as Transports from "../support/transports.js"
import type { Transport } from "../support/transports.js"
import * as Wire from "../support/wire.js"
import type { Verdict } from "./verdict.js"

const MB = 1_000_000
const GB = 1_000 * MB

const collect = (type: "major" | "minor"): void => {
  if (globalThis.gc === undefined) throw new Error("run with --expose-gc")
  globalThis.gc({ type, execution: "sync" })
}

/** A server, and a layer of a client with settings for it. */
const stage = (transport: Transport, handler: Server.Handler, options: Partial<ClerkConfig.Options> = {}) =>
  Effect.gen(function* () {
    const server = yield* Server.make(handler)
    const context = yield* Layer.build(
      Layer.merge(Transports.layer(transport), Config.layer({ apiUrl: server.url, ...options }))
    )
    return { server, context }
  })

/** The most memory in use while an effect runs, less what was in use before. */
const growth = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const inUse = () => {
      const { external, heapUsed } = process.memoryUsage()
      return heapUsed + external
    }
    collect("major")
    const before = inUse()
    let most = before
    const watch = Effect.repeat(
      Effect.sync(() => {
        most = Math.max(most, inUse())
      }),
      Schedule.spaced("2 millis")
    )
    yield* Effect.raceFirst(self, Effect.zipRight(watch, Effect.never))
    return most - before
  })

const inMegabytes = (bytes: number) => `${(bytes / MB).toFixed(1)} MB`

/** What a repeated effect leaves until the next major collection of garbage, in bytes. */
const leftOver = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const repeated = Effect.repeatN(self, 199)
    yield* repeated
    collect("major")
    const before = process.memoryUsage().heapUsed
    yield* repeated
    collect("minor")
    collect("minor")
    return process.memoryUsage().heapUsed - before
  })

/**
 * The platform keeps each response, with its text, until a major collection. A list that an operation has decoded must
 * not live so long. 200 lists of 50 sessions take 20 MB.
 */
const heapOfLists: Effect.Effect<Verdict> = Effect.gen(function* () {
  const page = Array.from({ length: 50 }, (_, index) => ({ ...Wire.session, id: `sess_${index}` }))
  const { client, layer } = Mock.make(() => Effect.as(Effect.yieldNow(), Mock.json(page)))
  const text = client.get("https://api.clerk.com/").pipe(
    Effect.flatMap((response) => response.text),
    Effect.withTracerEnabled(false)
  )
  const plain = yield* leftOver(text)
  const ours = yield* Effect.provide(leftOver(Sessions.list({ userId: "user_1", limit: 50 })), layer)
  return {
    what: `200 lists leave less than 5 MB more than their responses (${inMegabytes(ours)}, ${inMegabytes(plain)})`,
    holds: ours - plain < 5 * MB
  }
}).pipe(Effect.orDie)

const memoryOfBodies = (transport: Transport): Effect.Effect<Verdict, never, Scope.Scope> =>
  Effect.gen(function* () {
    const success = yield* stage(transport, Respond.spaces(200, GB), { timeout: "20 seconds" })
    const failure = yield* stage(transport, Respond.spaces(500, GB), { timeout: "20 seconds" })
    const read = yield* growth(Effect.exit(Sessions.get("sess_1")).pipe(Effect.provide(success.context)))
    const error = yield* growth(
      Effect.exit(Sessions.create({ userId: "user_1" })).pipe(Effect.provide(failure.context))
    )
    return {
      what: `over ${transport}, a success of 1 GB takes less than 120 MB (${inMegabytes(read)}), an error less than 40 MB (${inMegabytes(error)})`,
      holds: read < 120 * MB && error < 40 * MB
    }
  })

/** The time that an effect takes, in milliseconds. */
const millis = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.timed(self), ([elapsed]) => Duration.toMillis(elapsed))

const abortsOf = (transport: Transport): Effect.Effect<Verdict, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { context, server } = yield* stage(transport, Respond.drip)
    const times: Array<number> = []
    for (const { call } of operations) {
      const { aborted } = server.counters
      const fiber = yield* Effect.fork(Effect.provide(call(), context))
      yield* server.until("the request is in flight", ({ inFlight }) => inFlight === 1)
      times.push(
        yield* millis(
          Effect.zipRight(
            Fiber.interrupt(fiber),
            server.until("the request is aborted", (counters) => counters.aborted === aborted + 1)
          )
        )
      )
    }
    return slowest(`over ${transport}, an interruption reaches the server within 100 ms`, times, 100)
  }).pipe(Effect.orDie)

const interruptedWait: Effect.Effect<Verdict> = Effect.gen(function* () {
  const { layer, requests } = Mock.make(() => Mock.json({}, 503), {
    retry: ClerkRetry.schedule({ base: "1 hour", maxDelay: "1 hour" }),
    deadline: Duration.infinity
  })
  const fiber = yield* Effect.fork(Effect.provide(Sessions.get("sess_1"), layer))
  yield* Effect.repeat(Effect.yieldNow(), { until: () => requests.length === 1 })
  const time = yield* millis(Fiber.interrupt(fiber))
  return slowest("an interruption ends the wait between two attempts within 100 ms", [time], 100)
})

/** Timeouts are neither early nor more than 200 ms late. */
const timeoutOf = (transport: Transport): Effect.Effect<Verdict, never, Scope.Scope> =>
  Effect.gen(function* () {
    const times: Array<number> = []
    for (const handler of [
      Respond.hang,
      Respond.drip,
      Respond.inSequence(Respond.halfTheBody, Respond.hang)
    ]) {
      const { context } = yield* stage(transport, handler, { timeout: "200 millis", retry: Schedule.stop })
      const call = Effect.exit(Sessions.get("sess_1")).pipe(Effect.provide(context))
      const [elapsed, exit] = yield* Effect.timed(call)
      times.push(Exit.isFailure(exit) ? Duration.toMillis(elapsed) : Infinity)
    }
    const verdict = slowest(`over ${transport}, a timeout of 200 ms ends a call within 400 ms`, times, 400)
    return { ...verdict, holds: verdict.holds && times.every((time) => time >= 199) }
  })

const slowest = (what: string, times: ReadonlyArray<number>, limit: number): Verdict => {
  const most = Math.max(...times)
  return { what: `${what} (${most.toFixed(0)} ms)`, holds: most < limit }
}

export const checks: ReadonlyArray<Effect.Effect<Verdict>> = [
  heapOfLists,
  interruptedWait,
  ...Transports.all.flatMap((transport) => [
    Effect.scoped(memoryOfBodies(transport)),
    Effect.scoped(abortsOf(transport)),
    Effect.scoped(timeoutOf(transport))
  ])
]
