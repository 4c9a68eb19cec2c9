/**
 * Many operations at once over three transports, against a server that injects a fault into every fifth request.
 *
 * The outcome of each operation must follow from the last response, and neither the heap nor the number of sockets may
 * grow.
 */
import { HttpClient } from "@effect/platform"
import { Cause, Context, Duration, Effect, Exit, Layer, Option } from "effect"
import { ClerkRetry, Sessions } from "effect-clerk"

import type { Tag } from "../faults/table.js"
import * as Config from "../support/config.js"
import * as Server from "../support/faultServer.js"
import { type Call, refreshParams } from "../support/operations.js"
import * as Respond from "../support/respond.js"
import * as Transports from "../support/transports.js"
import type { Transport } from "../support/transports.js"
import * as Wire from "../support/wire.js"
import type { Verdict } from "./verdict.js"

const concurrency = 50
const faultRate = 0.2
const maxDuration = Duration.minutes(5)

/** The response, and how an operation ends whose last response it was. */
// oxfmt-ignore
const faults: ReadonlyArray<readonly [name: string, handler: Server.Handler, ends: Tag, weight: number]> = [
  ["reset before the headers",     Respond.reset,                                              "TransportError", 4],
  ["closed before the headers",    Respond.close,                                              "TransportError", 4],
  ["reset in the headers",        Respond.inSequence(Respond.halfTheHeaders, Respond.reset),              "TransportError", 4],
  ["closed in the body",          Respond.inSequence(Respond.halfTheBody, Respond.close),                 "TransportError", 4],
  ["reset in a chunk",            Respond.inSequence(Respond.halfAChunk, Respond.reset),                  "TransportError", 4],
  ["bad chunks",                  Respond.badChunkSize,                                       "TransportError", 4],
  ["20 kB of headers",            Respond.successWith({ "X-Huge": "x".repeat(20_000) }),       "TransportError", 2],
  ["no response",                   Respond.hang,                                               "Timeout",        1],
  ["half the body, then nothing", Respond.inSequence(Respond.halfTheBody, Respond.hang),                  "Timeout",        1],
  ["a body without end",  Respond.drip,                                               "Timeout",        1],
  ["truncated JSON",                Respond.complete(200, `{"object":"session","id":"se`),        "DecodeError",    4],
  ["HTML at 200",                 Respond.complete(200, "<!doctype html>"),                     "DecodeError",    4],
  ["a body beyond the limit",     Respond.spaces(200, 400_000),                               "DecodeError",    2],
  ["300 kB at 500",               Respond.spaces(500, 300_000),                               "ApiError",       2],
  ["503",                         Respond.complete(503, "", { "Retry-After": "0" }),            "ApiError",       6],
  ["HTML at 521",                 Respond.complete(521, "<!doctype html>"),                     "ApiError",       4],
  ["a redirect",                  Respond.redirect(302, "http://127.0.0.1:1/"),               "ApiError",       4],
  ["an envelope that quotes the request",     Respond.echoEnvelope(500),                                  "ApiError",       4],
  ["429",                         Respond.json(429, Wire.envelope(), { "Retry-After": "0" }),  "RateLimited",    8],
  ["401",                         Respond.json(401, Wire.envelope()),                          "Unauthorized",   2],
  ["404",                         Respond.json(404, Wire.envelope()),                          "NotFound",       2],
  ["422",                         Respond.json(422, Wire.envelope()),                          "ClerkErrors",    4]
]
const none = faults.length

const calls: ReadonlyArray<readonly [call: (id: number) => Call, documents404: boolean]> = [
  [(id) => Sessions.list({ userId: `id_${id}_` }), false],
  [(id) => Sessions.listPage({ userId: `id_${id}_` }), false],
  [(id) => Sessions.create({ userId: `id_${id}_` }), true],
  [(id) => Sessions.get(`id_${id}_`), true],
  [(id) => Sessions.refresh(`id_${id}_`, refreshParams), false],
  [(id) => Sessions.revoke(`id_${id}_`), true],
  [(id) => Sessions.createToken(`id_${id}_`), true],
  [(id) => Sessions.createTokenFromTemplate(`id_${id}_`, "hasura"), true]
]

/** Random numbers from 0 to 1 that are the same for the same seed (mulberry32). */
const randomFrom = (start: number) => {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const totalWeight = faults.reduce((sum, [, , , weight]) => sum + weight, 0)

/** Draws a fault, or none. */
const draw = (random: () => number): number => {
  if (random() >= faultRate) return none
  let at = random() * totalWeight
  return faults.findIndex(([, , , weight]) => (at -= weight) < 0)
}

interface Sample {
  readonly heap: number
  readonly open: number
}

const mean = (values: ReadonlyArray<number>) => values.reduce((sum, value) => sum + value, 0) / values.length

/** Runs a number of operations, and reports what came of them. */
export const load = (operations: number, seed: number) =>
  Effect.gen(function* () {
    const random = randomFrom(seed)
    /** The last fault for each operation, and how often each fault was injected. */
    const last = new Uint8Array(operations).fill(255)
    const done = Array.from({ length: faults.length + 1 }, () => 0)
    const server = yield* Server.make(
      (exchange) => {
        const id = /id_(\d+)_/.exec(exchange.request.target + exchange.request.body)?.[1]
        const drawn = draw(random)
        last[Number(id)] = drawn
        done[drawn] = (done[drawn] ?? 0) + 1
        return (faults[drawn]?.[1] ?? Respond.success)(exchange)
      },
      { keepRequests: false }
    )
    const config = Config.context({
      apiUrl: server.url,
      timeout: "2 seconds",
      maxResponseSize: 200_000,
      retry: ClerkRetry.schedule({ times: 2, base: "1 millis", maxDelay: "4 millis" })
    })
    const over: ReadonlyArray<Transport> = ["fetch", "undici", "effect-clerk/undici"]
    const clients = yield* Effect.forEach(over, (transport) =>
      Effect.map(Layer.build(Transports.layer(transport)), (context) =>
        Context.get(context, HttpClient.HttpClient)
      )
    )

    const outcomes = new Map<string, number>()
    const unexpected: Array<string> = []
    const samples: Array<Sample> = []
    let finished = 0

    const one = (id: number) =>
      Effect.gen(function* () {
        const [call, documents404] = calls[id % calls.length] ?? []
        const client = clients[Math.floor(id / calls.length) % clients.length]
        if (call === undefined || client === undefined) return yield* Effect.dieMessage("no such operation")
        const exit = yield* call(id).pipe(
          Effect.provideService(HttpClient.HttpClient, client),
          Effect.provide(config),
          Effect.exit
        )
        const tag = Exit.match(exit, {
          onSuccess: () => "value",
          onFailure: (cause) =>
            Option.match(Cause.failureOption(cause), { onNone: () => "defect", onSome: ({ _tag }) => _tag })
        })
        const ends = faults[last[id] ?? 255]?.[2] ?? (last[id] === none ? "value" : "no request")
        const expected = ends === "NotFound" && documents404 !== true ? "ClerkErrors" : ends
        outcomes.set(tag, (outcomes.get(tag) ?? 0) + 1)
        if (tag !== expected && unexpected.length < 10) {
          unexpected.push(`operation ${id}: ${tag}, expected ${expected}`)
        }
        finished++
        if (finished % Math.ceil(operations / 100) === 0) {
          globalThis.gc?.()
          samples.push({ heap: process.memoryUsage().heapUsed, open: server.counters.open })
        }
      })

    let started = 0
    // `Effect.forEach` would keep something of every operation until the last has ended.
    const caller = Effect.whileLoop({
      while: () => started < operations,
      body: () => one(started++),
      step: () => {}
    })
    const [elapsed, inTime] = yield* Effect.replicateEffect(caller, concurrency, {
      concurrency: "unbounded",
      discard: true
    }).pipe(Effect.timeoutOption(maxDuration), Effect.timed)
    yield* Effect.ignore(server.until("nothing in flight", ({ inFlight }) => inFlight === 0))

    const tenth = Math.floor(samples.length / 10)
    const [first, final] = [samples.slice(0, tenth), samples.slice(-tenth)]
    const heaps = [first, final].map((part) => mean(part.map(({ heap }) => heap)) / 1_000_000)
    const sockets = [first, final].map((part) => mean(part.map(({ open }) => open)))
    const { aborted, arrived, inFlight, opened } = server.counters
    const injected = arrived - (done[none] ?? 0)
    const verdicts: ReadonlyArray<Verdict> = [
      {
        what: `all ${operations} operations end within ${Duration.format(maxDuration)}`,
        holds: Option.isSome(inTime) && finished === operations
      },
      {
        what: "every outcome follows from the last response",
        holds: unexpected.length === 0,
        details: unexpected
      },
      { what: "no defect", holds: !outcomes.has("defect") },
      { what: "as many values as responses without a fault", holds: outcomes.get("value") === done[none] },
      { what: "nothing in flight at the end", holds: inFlight === 0 },
      { what: "the heap grows by less than 5 MB", holds: (heaps[1] ?? Infinity) - (heaps[0] ?? 0) < 5 },
      {
        what: "the sockets grow by less than a fifth",
        holds: (sockets[1] ?? Infinity) < (sockets[0] ?? 0) * 1.2 + 5
      }
    ]
    const seconds = Duration.toSeconds(elapsed)
    const share = `${((100 * injected) / arrived).toFixed(1)} %`
    const report = [
      `${finished} operations, concurrency ${concurrency}, seed ${seed}, Node ${process.version}`,
      `  ${seconds.toFixed(1)} s, ${Math.round(finished / seconds)} operations a second, over ${over.join(", ")}`,
      `  ${arrived} requests, ${injected} with a fault (${share}), ${aborted} aborted by the client, ${opened} connections`,
      `  outcomes: ${[...outcomes]
        .map(([tag, count]) => `${tag} ${count}`)
        .toSorted()
        .join(", ")}`,
      `  faults: ${faults.map(([name], at) => `${name} ${done[at]}`).join(", ")}`,
      `  heap, first and last tenth: ${heaps.map((heap) => `${heap.toFixed(1)} MB`).join(", ")}`,
      `  open sockets, first and last tenth: ${sockets.map((open) => open.toFixed(0)).join(", ")}`
    ]
    console.log(report.join("\n"))
    return verdicts
  }).pipe(Effect.scoped)
