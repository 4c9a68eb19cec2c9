import { createServer } from "node:http"

import { NodeHttpServer } from "@effect/platform-node"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpServer from "@effect/platform/HttpServer"
import { ClerkConfig } from "effect-clerk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

/** A response as a plain HTTP client sees it. */
export interface WireResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

/** An encoded entry of an error envelope. */
export interface Entry {
  readonly code: string
  readonly message: string
  readonly long_message: string
  readonly meta?: { readonly param_name?: string }
}

/** Sends a request, with the secret key unless headers are given. */
export const send = (
  method: "GET" | "POST" | "PATCH" | "DELETE",
  path: string,
  options: {
    readonly body?: string | Uint8Array
    readonly contentType?: string
    readonly headers?: Record<string, string>
  } = {}
): Effect.Effect<WireResponse, never, HttpClient.HttpClient | ClerkConfig.ClerkConfig> =>
  Effect.gen(function* () {
    const { apiUrl, secretKey } = yield* ClerkConfig.ClerkConfig
    const headers = options.headers ?? { authorization: `Bearer ${Redacted.value(secretKey)}` }
    const request = HttpClientRequest.make(method)(apiUrl + path, { headers })
    const response = yield* HttpClient.execute(
      options.body === undefined
        ? request
        : typeof options.body === "string"
          ? HttpClientRequest.bodyText(request, options.body, options.contentType ?? "application/json")
          : HttpClientRequest.bodyUint8Array(request, options.body, options.contentType)
    )
    return { status: response.status, headers: response.headers, body: yield* response.json }
  }).pipe(Effect.orDie)

/** The entries of an error envelope. Throws if the response has none. */
export const entries = ({ body }: WireResponse): ReadonlyArray<Entry> => {
  if (typeof body !== "object" || body === null || !("errors" in body) || !Array.isArray(body.errors)) {
    throw new Error(`No error envelope: ${JSON.stringify(body)}`)
  }
  return body.errors
}

/** The codes of an error envelope. */
export const codes = (response: WireResponse): ReadonlyArray<string> =>
  entries(response).map(({ code }) => code)

/** The status and the error codes of a response. */
export const statusAndCodes = (response: WireResponse) => [response.status, ...codes(response)]

/** Node's server on a free loopback port. */
export const LoopbackServer: Layer.Layer<HttpServer.HttpServer> = Layer.unwrapEffect(
  Effect.sync(() => {
    const server = createServer()
    // fetch keeps idle connections, and Node would wait until they close.
    const CloseAll = Layer.scopedDiscard(
      Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections()))
    )
    return Layer.orDie(
      Layer.provideMerge(
        CloseAll,
        NodeHttpServer.layer(() => server, { host: "127.0.0.1", port: 0 })
      )
    )
  })
)
