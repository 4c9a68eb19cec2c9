import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
/** Who is measured: the same three operations, by every client as its users would call it. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as HttpClient from "@effect/platform/HttpClient"
import { ClerkConfig, Sessions } from "effect-clerk"
import * as ClerkUndici from "effect-clerk/undici"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { Pool } from "undici"

import { wireSession } from "./wire.js"

export const operations = ["get", "createToken", "list"] as const

export type Operation = (typeof operations)[number]

export interface Subject {
  readonly name: string
  /** Calls so many times, with so many callers at work at once. */
  readonly run: (operation: Operation, calls: number, concurrency: number) => Promise<void>
  /** One call, and what it gave. */
  readonly once: (operation: Operation) => Promise<unknown>
  readonly close: () => Promise<void>
}

export const names = {
  fetch: "fetch + JSON.parse",
  undici: "undici + JSON.parse",
  sdk: "@clerk/backend",
  onFetch: "ours on FetchHttpClient",
  onUndici: "ours on layerUndici",
  onTuned: "ours on effect-clerk/undici"
} as const

/** The same for the decoding of a text that is already there. */
export const decodingNames = { parse: "JSON.parse", ours: "ours, checked and decoded" } as const

const secretKey = "sk_test_0123456789abcdefghijABCDEFGHIJ0123456789"
const sessionId = wireSession(0).id
const userId = wireSession(0).user_id

const paths = {
  get: `/v1/sessions/${sessionId}`,
  createToken: `/v1/sessions/${sessionId}/tokens`,
  list: `/v1/sessions?user_id=${userId}&limit=500`
}

const headers = {
  accept: "application/json",
  authorization: `Bearer ${secretKey}`,
  "clerk-api-version": "2026-05-12",
  "user-agent": "effect-clerk/bench"
}

const method = (operation: Operation) => (operation === "createToken" ? "POST" : "GET")

/** A client whose calls are promises. */
const ofPromises = (
  name: string,
  once: Subject["once"],
  close: Subject["close"] = () => Promise.resolve()
): Subject => ({
  name,
  once,
  close,
  run: async (operation, calls, concurrency) => {
    let left = calls
    const caller = async () => {
      while (left-- > 0) {
        await once(operation)
      }
    }
    await Promise.all(Array.from({ length: concurrency }, caller))
  }
})

/** Our client, whose calls are Effects: its callers are fibers of one program. */
const ours = (name: string, origin: string, transport: Layer.Layer<HttpClient.HttpClient>): Subject => {
  const runtime = ManagedRuntime.make(
    Layer.merge(
      transport,
      Layer.orDie(ClerkConfig.layer({ secretKey: Redacted.make(secretKey), apiUrl: origin }))
    )
  )
  const calls = {
    get: Sessions.get(sessionId),
    createToken: Sessions.createToken(sessionId),
    list: Sessions.list({ userId, limit: 500 })
  }
  const of = (
    operation: Operation
  ): Effect.Effect<unknown, unknown, HttpClient.HttpClient | ClerkConfig.ClerkConfig> => calls[operation]
  return {
    name,
    once: (operation) => runtime.runPromise(of(operation)),
    close: () => runtime.dispose(),
    run: (operation, calls, concurrency) => {
      let left = calls
      const caller = Effect.whileLoop({ while: () => left-- > 0, body: () => of(operation), step: () => {} })
      return runtime.runPromise(
        Effect.all(
          Array.from({ length: concurrency }, () => caller),
          { concurrency: "unbounded", discard: true }
        )
      )
    }
  }
}

export const bareFetch = (origin: string): Subject =>
  ofPromises(names.fetch, async (operation) => {
    const response = await fetch(origin + paths[operation], { method: method(operation), headers })
    return JSON.parse(await response.text())
  })

export const bareUndici = (origin: string): Subject => {
  const pool = new Pool(origin)
  return ofPromises(
    names.undici,
    async (operation) => {
      const { body } = await pool.request({ path: paths[operation], method: method(operation), headers })
      return JSON.parse(await body.text())
    },
    () => pool.close()
  )
}

/** Clerk's own client. It takes the global `fetch` when it is loaded, which is why it is loaded here and not above. */
export const sdk = async (origin: string): Promise<Subject> => {
  const { createClerkClient } = await import("@clerk/backend")
  const { sessions } = createClerkClient({ secretKey, apiUrl: origin, telemetry: { disabled: true } })
  const calls = {
    get: () => sessions.getSession(sessionId),
    createToken: () => sessions.getToken(sessionId),
    list: () => sessions.getSessionList({ userId, limit: 500 })
  }
  return ofPromises(names.sdk, (operation) => calls[operation]())
}

export const oursOnFetch = (origin: string): Subject => ours(names.onFetch, origin, FetchHttpClient.layer)

export const overTheWire = async (origin: string): Promise<ReadonlyArray<Subject>> => [
  bareFetch(origin),
  bareUndici(origin),
  await sdk(origin),
  oursOnFetch(origin),
  ours(names.onUndici, origin, NodeHttpClient.layerUndici),
  ours(names.onTuned, origin, ClerkUndici.layer)
]
