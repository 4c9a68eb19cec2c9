/**
 * Checks that the heap stays flat over many verifications, calls, cycles of the token cache, and a stream of many
 * sessions.
 *
 * Usage: `node --expose-gc --import tsx test/soak/memory.ts [--verifications N] [--calls N] [--tokens N] [--stream N]`.
 * A part that is named runs with the size N; without any, all parts run at full size. `--json` prints the samples.
 * Loopback only.
 */
import { parseArgs } from "node:util"

import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { Sessions } from "effect-clerk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Stream from "effect/Stream"

import { flat, fullSizes, partNames } from "../bench/heap.js"
import type { Part, PartName } from "../bench/heap.js"
import { names } from "../bench/names.js"
import { startServer } from "../bench/processes.js"
import { signTokens } from "../bench/signTokens.js"
import { median } from "../bench/statistics.js"
import { ofEffects } from "../bench/subjects/effects.js"
import { onFetch, onTuned, onUndici, services } from "../bench/subjects/ours.js"
import { nowhere, stub } from "../bench/subjects/stub.js"
import { importModule, NotThere } from "../bench/subjects/subject.js"
import type { Subject } from "../bench/subjects/subject.js"
import type { TokensModule } from "../bench/subjects/tokens.js"
import { subjects as verifiers } from "../bench/subjects/verify.js"
import { sessionsInTotal, userId } from "../bench/wire.js"

/** How often the heap is read in a part. */
const samples = 100

const concurrency = 50

const readHeap = (): number => {
  if (globalThis.gc === undefined) throw new Error("run with --expose-gc")
  globalThis.gc()
  return process.memoryUsage().heapUsed
}

/** Does the task so many times in all and reads the heap at equal distances. */
const repeat = async (subject: Subject, task: string, size: number): Promise<ReadonlyArray<number>> => {
  const step = Math.max(1, Math.ceil(size / samples))
  // What is made once, by the first operations, is no growth.
  await subject.run(task, step, concurrency)
  const heap: Array<number> = []
  for (let done = 0; done < size; done += step) {
    await subject.run(task, step, concurrency)
    heap.push(readHeap())
  }
  return heap
}

const verifications = async (size: number): Promise<ReadonlyArray<number>> => {
  const subject = await verifiers[names.verifier]?.(signTokens())
  return subject === undefined ? [] : repeat(subject, "verify", size)
}

/** Calls over the three transports, a third of them over each. */
const calls = async (size: number): Promise<ReadonlyArray<number>> => {
  const server = await startServer(process.execPath)
  try {
    const clients: Array<Subject> = []
    for (const client of [onFetch, onUndici, onTuned]) {
      clients.push(await client(server.origins.length))
    }
    const all: Subject = {
      once: (task) => Promise.all(clients.map((client) => client.once(task))),
      run: async (task, calls, concurrency) => {
        for (const client of clients) {
          await client.run(task, Math.ceil(calls / clients.length), concurrency)
        }
      }
    }
    return await repeat(all, "get", size)
  } finally {
    server.stop()
  }
}

/** A cycle: a token of another session is minted, read from the cache, and dropped. */
const tokens = async (size: number): Promise<ReadonlyArray<number>> => {
  // This module's documented interface, as far as it is used here.
  const { get, invalidate, layer } = (await importModule("SessionTokens")) as TokensModule
  const runtime = ManagedRuntime.make(
    Layer.mergeAll(services(nowhere), layer(), Layer.succeed(FetchHttpClient.Fetch, stub()))
  )
  let cycles = 0
  const cycle = Effect.suspend(() => {
    const id = `sess_2hQ4vXn7rTgKpLmW${cycles++}`
    return get(id).pipe(Effect.zipRight(get(id)), Effect.zipRight(invalidate(id)))
  })
  return repeat(
    ofEffects(runtime, () => cycle),
    "cycle",
    size
  )
}

/** A stream of so many sessions, at most of all that the server has. */
const stream = async (size: number): Promise<ReadonlyArray<number>> => {
  const server = await startServer(process.execPath)
  const heap: Array<number> = []
  const step = Math.max(1, Math.floor(Math.min(size, sessionsInTotal) / samples))
  let seen = 0
  await Sessions.stream({ userId, pageSize: 500 }).pipe(
    Stream.take(size),
    Stream.runForEach(() =>
      Effect.sync(() => {
        seen += 1
        if (seen % step === 0) heap.push(readHeap())
      })
    ),
    Effect.provide(services(server.origins.length)),
    Effect.runPromise
  )
  server.stop()
  return heap
}

const run: Record<PartName, (size: number) => Promise<ReadonlyArray<number>>> = {
  verifications,
  calls,
  tokens,
  stream
}

const measure = async (name: PartName, size: number): Promise<Part> => {
  try {
    const heap = await run[name](size)
    const tenth = Math.max(1, Math.floor(heap.length / 10))
    return { name, size, first: heap.slice(0, tenth), last: heap.slice(-tenth) }
  } catch (error) {
    if (!(error instanceof NotThere)) throw error
    return { name, size, missing: error.message, first: [], last: [] }
  }
}

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    verifications: { type: "string" },
    calls: { type: "string" },
    tokens: { type: "string" },
    stream: { type: "string" }
  }
})

const sizeOf = (name: PartName): number => {
  const size = Number(values[name] ?? fullSizes[name])
  if (!Number.isInteger(size) || size < 1) throw new Error(`--${name} takes a positive whole number`)
  return size
}

const chosen = partNames.filter((name) => values[name] !== undefined)
const results: Array<Part> = []
for (const name of chosen.length === 0 ? partNames : chosen) {
  const part = await measure(name, sizeOf(name))
  results.push(part)
  if (!values.json) {
    const [first, last] = [median(part.first) / 1e6, median(part.last) / 1e6]
    const heap = `heap ${first.toFixed(1)} MB in the first tenth, ${last.toFixed(1)} MB in the last`
    const grew = last > first * flat
    console.log(
      `${part.missing !== undefined || !grew ? "ok  " : "FAIL"} ${part.size} ${name}: ${part.missing ?? heap}`
    )
    if (grew) process.exitCode = 1
  }
}
if (values.json) console.log(JSON.stringify(results))
// The transports keep their connections open.
process.exit()
