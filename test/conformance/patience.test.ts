/** Clients with timeouts, retries and hedges of their own. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import { Effect, Fiber, Schedule, TestClock } from "effect"

import { arrived, conform, failing, hang, hangInBody, honest, interruptAfter, respond } from "./harness.js"
import type { Respond, Row, Stage } from "./harness.js"

/** More than sockets buffer: it stays in flight until the client gives it up or has read it. */
const bigFailure: Respond = respond({ status: 503, body: new Uint8Array(8 * 1024 * 1024) })

/** A client that gives up after two seconds, and then repeats. */
const impatient: NonNullable<Row["client"]> = (base) =>
  base.pipe(
    HttpClient.transform((response, request) =>
      Effect.timeoutFail(response, {
        duration: "2 seconds",
        onTimeout: () => new HttpClientError.RequestError({ request, reason: "Transport" })
      })
    ),
    HttpClient.retry(Schedule.recurs(3))
  )

/** Lets the client's time pass when so many requests have arrived. */
const passTime = (stage: Stage, requests: number) =>
  Effect.zipRight(arrived(stage, requests), TestClock.adjust("2 seconds"))

conform("clients with their own patience", [
  {
    name: "a client with timeoutFail and retry leaves nothing in flight after success",
    clock: "test",
    respond: [hang, honest],
    client: impatient,
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(stage.get("sess_1"))
        yield* passTime(stage, 1)
        return yield* Fiber.join(fiber)
      }),
    expect: { outcome: "sess_1", aborted: 1, inFlight: 0 }
  },
  {
    name: "a client with timeoutFail and retry does not use up a pool of two connections",
    over: ["undici", "node:http", "effect-clerk/undici"],
    clock: "test",
    connections: 2,
    respond: [hang, honest, hang, honest, honest],
    client: impatient,
    run: (stage) =>
      Effect.gen(function* () {
        const first = yield* Effect.fork(stage.noteOutcome("first", stage.get("a")))
        yield* passTime(stage, 1)
        yield* Fiber.join(first)
        const second = yield* Effect.fork(stage.noteOutcome("second", stage.get("b")))
        yield* passTime(stage, 3)
        yield* Fiber.join(second)
        yield* stage.noteOutcome("third", stage.get("c"))
      }),
    expect: {
      aborted: 2,
      inFlight: 0,
      events: [
        ["first", "a"],
        ["second", "b"],
        ["third", "c"]
      ]
    }
  },
  {
    name: "a client that hedges by Effect.race leaves nothing in flight after success",
    respond: [hang, honest],
    client: (base, stage) =>
      HttpClient.transform(base, (effect) => Effect.race(effect, Effect.zipRight(arrived(stage, 1), effect))),
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "sess_1", aborted: 1, inFlight: 0 }
  },
  {
    name: "a client that hedges by raceFirst while the loser is within its body",
    respond: [hangInBody, honest],
    client: (base, stage) =>
      HttpClient.transform(base, (effect) =>
        Effect.raceFirst(
          Effect.tap(effect, (response) => Effect.zipRight(stage.headers.open, response.text)),
          Effect.zipRight(stage.headers.await, effect)
        )
      ),
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "sess_1", aborted: 1, inFlight: 0 }
  },
  {
    name: "a client that hedges twice does not use up a pool of two connections",
    over: ["undici", "node:http", "effect-clerk/undici"],
    connections: 2,
    respond: [
      (seen, latch) => (seen.index % 2 === 1 && seen.index < 5 ? hang(seen, latch) : honest(seen, latch))
    ],
    client: (base, stage) =>
      HttpClient.transform(base, (effect) =>
        Effect.suspend(() => {
          const next = stage.server.counters.arrived + 1
          return next > 4 ? effect : Effect.race(effect, Effect.zipRight(arrived(stage, next), effect))
        })
      ),
    run: (stage) =>
      Effect.gen(function* () {
        yield* stage.noteOutcome("first", stage.get("a"))
        yield* stage.noteOutcome("second", stage.get("b"))
        yield* stage.noteOutcome("third", stage.get("c"))
      }),
    expect: {
      aborted: 2,
      inFlight: 0,
      events: [
        ["first", "a"],
        ["second", "b"],
        ["third", "c"]
      ]
    }
  },
  {
    name: "retryTransient over 503s of 8 MB leaves no socket stuck",
    over: ["fetch", "undici", "node:http", "effect-clerk/undici"],
    collectGarbage: true,
    respond: [bigFailure, bigFailure, honest],
    client: (base) => HttpClient.retryTransient(base, { times: 3 }),
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "sess_1", inFlight: 0, requests: Array<string>(3).fill("GET /v1/sessions/sess_1") }
  },
  {
    name: "retryTransient repeats a create, as everywhere",
    respond: [failing(503), honest],
    client: (base) => HttpClient.retryTransient(base, { times: 3 }),
    run: (stage) => stage.create("user_1"),
    expect: { outcome: "sess_new", requests: ["POST /v1/sessions", "POST /v1/sessions"] }
  },
  {
    name: "a client that waits after the headers is interrupted there",
    // The response that nobody reads is aborted when it is collected.
    over: ["fetch", "undici", "node:http", "effect-clerk/undici"],
    respond: [hangInBody],
    client: (base, { headers }) => HttpClient.tap(base, () => Effect.zipRight(headers.open, Effect.never)),
    collectGarbage: true,
    run: (stage) => interruptAfter(stage, stage.headers.await, stage.get("sess_1")),
    expect: { outcome: "interrupted", aborted: 1, inFlight: 0 }
  }
])
