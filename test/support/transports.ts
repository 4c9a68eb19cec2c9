/** The HTTP clients that use a socket. */
import { FetchHttpClient } from "@effect/platform"
import type { HttpClient } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import * as ClerkUndici from "effect-clerk/undici"
import * as Layer from "effect/Layer"

export type Transport = "fetch" | "undici" | "node:http" | "effect-clerk/undici"

/** A new layer for each use, so that tests share no connections. */
export const layer = (transport: Transport): Layer.Layer<HttpClient.HttpClient> => {
  switch (transport) {
    case "fetch":
      return Layer.fresh(FetchHttpClient.layer)
    case "undici":
      return Layer.fresh(NodeHttpClient.layerUndici)
    case "node:http":
      // The agent of `NodeHttpClient.layer` keeps no connections.
      return Layer.provide(
        Layer.fresh(NodeHttpClient.layerWithoutAgent),
        Layer.fresh(NodeHttpClient.makeAgentLayer({ keepAlive: true }))
      )
    case "effect-clerk/undici":
      return Layer.fresh(ClerkUndici.layer())
  }
}

export const all: ReadonlyArray<Transport> = ["fetch", "undici", "node:http", "effect-clerk/undici"]
