/**
 * The soak: `npm run soak`. 100,000 operations at concurrency 50, over three transports, against a server that fails
 * every fifth request at random. Every outcome is held against what the server did, and neither the heap nor the number
 * of sockets may grow. `npm run soak -- 10000` runs fewer, `-- 100000 7` with another seed. Loopback only; bounded by
 * the clock, too.
 */
import { HttpClient } from "@effect/platform"
import { Cause, Context, Duration, Effect, Exit, Layer, Option } from "effect"
import { ClerkRetry, Sessions } from "effect-clerk"
import type { ClerkConfig, ClerkError } from "effect-clerk"

import * as B from "../faults/behaviours.js"
import * as Clerk from "../faults/clerk.js"
import * as Server from "../faults/server.js"
import { configured, secretsFor, transports } from "../faults/subjects.js"
import type { Transport } from "../faults/subjects.js"
import type { Tag } from "../faults/table.js"

const operations = Number(process.argv[2] ?? 100_000)
const seed = Number(process.argv[3] ?? 4)
const concurrency = 50
const failing = 0.2
const longest = Duration.minutes(5)

/** What the server does, and what an operation ends in that this was the last answer to. */
// oxfmt-ignore
const faults: ReadonlyArray<readonly [name: string, behaviour: Server.Behaviour, ends: Tag, weight: number]> = [
  ["reset before the answer",     B.reset,                                              "TransportError", 4],
  ["closed before the answer",    B.close,                                              "TransportError", 4],
  ["reset in the headers",        B.inSequence(B.halfTheHeaders, B.reset),              "TransportError", 4],
  ["closed in the body",          B.inSequence(B.halfTheBody, B.close),                 "TransportError", 4],
  ["reset in a chunk",            B.inSequence(B.halfAChunk, B.reset),                  "TransportError", 4],
  ["bad chunks",                  B.badChunkSize,                                       "TransportError", 4],
  ["20 kB of headers",            B.honestWith({ "X-Huge": "x".repeat(20_000) }),       "TransportError", 2],
  ["no answer",                   B.hang,                                               "Timeout",        1],
  ["half the body, then nothing", B.inSequence(B.halfTheBody, B.hang),                  "Timeout",        1],
  ["a body that drips for ever",  B.drip,                                               "Timeout",        1],
  ["cut-off JSON",                B.answer(200, `{"object":"session","id":"se`),        "DecodeError",    4],
  ["HTML at 200",                 B.answer(200, "<!doctype html>"),                     "DecodeError",    4],
  ["a body beyond the limit",     B.spaces(200, 400_000),                               "DecodeError",    2],
  ["300 kB at 500",               B.spaces(500, 300_000),                               "ApiError",       2],
  ["503",                         B.answer(503, "", { "Retry-After": "0" }),            "ApiError",       6],
  ["HTML at 521",                 B.answer(521, "<!doctype html>"),                     "ApiError",       4],
  ["a redirect",                  B.redirect(302, "http://127.0.0.1:1/"),               "ApiError",       4],
  ["the request handed back",     B.echoEnvelope(500),                                  "ApiError",       4],
  ["429",                         B.json(429, Clerk.envelope, { "Retry-After": "0" }),  "RateLimited",    8],
  ["401",                         B.json(401, Clerk.envelope),                          "Unauthorized",   2],
  ["404",                         B.json(404, Clerk.envelope),                          "NotFound",       2],
  ["422",                         B.json(422, Clerk.envelope),                          "ClerkErrors",    4]
]
const honest = faults.length

type Call = (
  id: number
) => Effect.Effect<unknown, ClerkError.ClerkError, HttpClient.HttpClient | ClerkConfig.ClerkConfig>

const refresh = { expiredToken: "expired", refreshToken: "refresh", requestOrigin: "https://app.example" }

const calls: ReadonlyArray<readonly [call: Call, documents404: boolean]> = [
  [(id) => Sessions.list({ userId: `id_${id}_` }), false],
  [(id) => Sessions.listPage({ userId: `id_${id}_` }), false],
  [(id) => Sessions.create({ userId: `id_${id}_` }), true],
  [(id) => Sessions.get(`id_${id}_`), true],
  [(id) => Sessions.refresh(`id_${id}_`, refresh), false],
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

const random = randomFrom(seed)
const totalWeight = faults.reduce((sum, [, , , weight]) => sum + weight, 0)

/** Which of the faults comes next, if one does. */
const draw = (): number => {
  if (random() >= failing) return honest
  let at = random() * totalWeight
  return faults.findIndex(([, , , weight]) => (at -= weight) < 0)
}

interface Sample {
  readonly heap: number
  readonly open: number
}

const mean = (values: ReadonlyArray<number>) => values.reduce((sum, value) => sum + value, 0) / values.length

const soak = Effect.gen(function* () {
  /** What the server did last for each operation, and how often it did each thing at all. */
  const last = new Uint8Array(operations).fill(255)
  const done = Array.from({ length: faults.length + 1 }, () => 0)
  const server = yield* Server.make(
    (exchange) => {
      const id = /id_(\d+)_/.exec(exchange.request.target + exchange.request.body)?.[1]
      const drawn = draw()
      last[Number(id)] = drawn
      done[drawn] = (done[drawn] ?? 0) + 1
      return (faults[drawn]?.[1] ?? B.honest)(exchange)
    },
    { remembers: false }
  )
  const { key } = secretsFor("soak")
  const config = configured(server.url, key, {
    timeout: "2 seconds",
    maxResponseSize: 200_000,
    retry: ClerkRetry.schedule({ times: 2, base: "1 millis", maxDelay: "4 millis" })
  })
  const over: ReadonlyArray<Transport> = ["fetch", "undici", "tuned undici"]
  const clients = yield* Effect.forEach(over, (transport) =>
    Effect.map(Layer.build(transports[transport]()), (context) => Context.get(context, HttpClient.HttpClient))
  )

  const outcomes = new Map<string, number>()
  const unexplained: Array<string> = []
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
      const came = Exit.match(exit, {
        onSuccess: () => "value",
        onFailure: (cause) =>
          Option.match(Cause.failureOption(cause), { onNone: () => "defect", onSome: ({ _tag }) => _tag })
      })
      const ends = faults[last[id] ?? 255]?.[2] ?? (last[id] === honest ? "value" : "no request at all")
      const due = ends === "NotFound" && documents404 !== true ? "ClerkErrors" : ends
      outcomes.set(came, (outcomes.get(came) ?? 0) + 1)
      if (came !== due && unexplained.length < 10)
        unexplained.push(`operation ${id}: ${came}, due was ${due}`)
      finished++
      if (finished % Math.ceil(operations / 100) === 0) {
        globalThis.gc?.()
        samples.push({ heap: process.memoryUsage().heapUsed, open: server.counters.open })
      }
    })

  let started = 0
  // Each caller goes on by itself: `Effect.forEach` would keep something of every operation until the last has ended.
  const caller = Effect.whileLoop({
    while: () => started < operations,
    body: () => one(started++),
    step: () => {}
  })
  const [elapsed, inTime] = yield* Effect.replicateEffect(caller, concurrency, {
    concurrency: "unbounded",
    discard: true
  }).pipe(Effect.timeoutOption(longest), Effect.timed)
  yield* Effect.ignore(server.until("nothing in flight", ({ inFlight }) => inFlight === 0))

  const tenth = Math.floor(samples.length / 10)
  const [first, final] = [samples.slice(0, tenth), samples.slice(-tenth)]
  const heaps = [first, final].map((part) => mean(part.map(({ heap }) => heap)) / 1_000_000)
  const sockets = [first, final].map((part) => mean(part.map(({ open }) => open)))
  const { aborted, arrived, inFlight, opened } = server.counters
  const faulty = arrived - (done[honest] ?? 0)
  const verdicts: ReadonlyArray<readonly [string, boolean]> = [
    [
      `all ${operations} operations ended within ${Duration.format(longest)}`,
      Option.isSome(inTime) && finished === operations
    ],
    ["every outcome is the one due to what the server did last", unexplained.length === 0],
    ["no defect", !outcomes.has("defect")],
    ["as many values as honest answers", outcomes.get("value") === done[honest]],
    ["nothing in flight at the end", inFlight === 0],
    ["the heap did not grow by more than 5 MB", (heaps[1] ?? Infinity) - (heaps[0] ?? 0) < 5],
    ["the sockets did not grow by more than a fifth", (sockets[1] ?? Infinity) < (sockets[0] ?? 0) * 1.2 + 5]
  ]
  const seconds = Duration.toSeconds(elapsed)
  const share = `${((100 * faulty) / arrived).toFixed(1)} %`
  const report = [
    `effect-clerk soak: ${finished} operations, concurrency ${concurrency}, seed ${seed}, Node ${process.version}`,
    `  ${seconds.toFixed(1)} s, ${Math.round(finished / seconds)} operations a second, over ${over.join(", ")}`,
    `  ${arrived} requests, ${faulty} of them failed by the server (${share}), ${aborted} given up by the client, ${opened} connections`,
    `  outcomes: ${[...outcomes]
      .map(([tag, count]) => `${tag} ${count}`)
      .toSorted()
      .join(", ")}`,
    `  failures: ${faults.map(([name], at) => `${name} ${done[at]}`).join(", ")}`,
    `  heap, first and last tenth: ${heaps.map((heap) => `${heap.toFixed(1)} MB`).join(", ")}`,
    `  open sockets, first and last tenth: ${sockets.map((open) => open.toFixed(0)).join(", ")}`,
    ...verdicts.map(([what, holds]) => `  ${holds ? "ok  " : "FAIL"} ${what}`),
    ...unexplained.map((line) => `       ${line}`)
  ]
  console.log(report.join("\n"))
  return verdicts.every(([, holds]) => holds)
}).pipe(Effect.scoped)

process.exitCode = (await Effect.runPromise(soak)) ? 0 : 1
