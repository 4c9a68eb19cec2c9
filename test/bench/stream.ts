/** Streams every session of the server, and watches the heap. Run by itself. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { ClerkConfig, Sessions } from "effect-clerk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

import { collectGarbage } from "./measure.js"
import { startServer } from "./processes.js"
import { sessionsInTotal } from "./wire.js"

export interface StreamResult {
  readonly sessions: number
  readonly seconds: number
  /** Bytes in use after each tenth, garbage collected. */
  readonly heap: ReadonlyArray<number>
}

const server = await startServer()
const heap: Array<number> = []
let sessions = 0
const start = performance.now()

await Sessions.stream({ userId: "user_1", pageSize: 500 }).pipe(
  Stream.runForEach(() =>
    Effect.sync(() => {
      sessions += 1
      if (sessions % (sessionsInTotal / 10) === 0) {
        collectGarbage()
        heap.push(process.memoryUsage().heapUsed)
      }
    })
  ),
  Effect.provide(
    Layer.merge(
      FetchHttpClient.layer,
      ClerkConfig.layer({ secretKey: Redacted.make("sk_test_1"), apiUrl: server.origin })
    )
  ),
  Effect.runPromise
)

const result: StreamResult = { sessions, seconds: (performance.now() - start) / 1000, heap }
server.stop()
console.log(JSON.stringify(result))
