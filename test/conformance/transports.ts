/** The HTTP clients that every scenario runs over. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as HttpClient from "@effect/platform/HttpClient"
import { Effect, Layer } from "effect"
import * as ClerkUndici from "effect-clerk/undici"
import * as Undici from "undici"

/** The transports that use a socket. */
export const sockets = ["fetch", "undici", "node:http", "effect-clerk/undici"] as const

export type Socket = (typeof sockets)[number]

export type Transport = Socket | "memory"

export const everyTransport: ReadonlyArray<Transport> = [...sockets, "memory"]

/** A new layer for every run; `connections` limits the sockets to one origin (`fetch` has no such limit). */
export const layer = (transport: Socket, connections?: number): Layer.Layer<HttpClient.HttpClient> => {
  const limit = connections === undefined ? {} : { connections }
  switch (transport) {
    case "fetch":
      return Layer.fresh(FetchHttpClient.layer)
    case "undici":
      return Layer.provide(
        Layer.fresh(NodeHttpClient.layerUndiciWithoutDispatcher),
        Layer.scoped(
          NodeHttpClient.Dispatcher,
          Effect.acquireRelease(
            Effect.sync(() => new Undici.Agent(limit)),
            (agent) => Effect.promise(() => agent.destroy())
          )
        )
      )
    case "node:http":
      return Layer.provide(
        Layer.fresh(NodeHttpClient.layerWithoutAgent),
        Layer.fresh(NodeHttpClient.makeAgentLayer({ keepAlive: true, maxSockets: connections ?? Infinity }))
      )
    case "effect-clerk/undici":
      return Layer.fresh(ClerkUndici.layer(limit))
  }
}
