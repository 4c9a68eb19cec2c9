/** An HTTP client in memory, for tests that need no socket. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type { ClerkConfig } from "effect-clerk"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

import * as Config from "./config.js"
import * as Wire from "./wire.js"

/** A request as the client under test sent it. */
export interface Request extends Wire.Request {
  readonly url: URL
  /** Epoch milliseconds of the caller's clock. */
  readonly at: number
}

/** The request fails in the transport, with this cause. */
export class Lost extends Data.TaggedError("Lost")<{ readonly cause: unknown }> {}

/** The server closed the connection before it responded, as Node's `fetch` reports it. */
export const reset = new Lost({
  cause: new TypeError("fetch failed", {
    cause: Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" })
  })
})

/** Responds to a request; `index` counts the requests from 1. */
export type Respond = (request: Request, index: number) => Response | Effect.Effect<Response, Lost>

const bodyOf = ({ body }: HttpClientRequest.HttpClientRequest): string =>
  body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : ""

/** Creates the client, the layer of the client and of settings, and the list of the requests that it gets. */
export const make = (respond: Respond, options: Partial<ClerkConfig.Options> = {}) => {
  const requests: Array<Request> = []
  const client = HttpClient.make((request, url) =>
    Effect.flatMap(Clock.currentTimeMillis, (at) => {
      const sent: Request = {
        method: request.method,
        url,
        target: url.pathname + url.search + url.hash,
        headers: { ...request.headers },
        body: bodyOf(request),
        at
      }
      requests.push(sent)
      const response = respond(sent, requests.length)
      return (Effect.isEffect(response) ? response : Effect.succeed(response)).pipe(
        Effect.mapError(
          ({ cause }) => new HttpClientError.RequestError({ request, reason: "Transport", cause })
        ),
        Effect.map((response) => HttpClientResponse.fromWeb(request, response))
      )
    })
  )
  const layer = Layer.succeedContext(Context.add(Config.context(options), HttpClient.HttpClient, client))
  return { requests, client, layer }
}

/** Responds to every request as Clerk does. */
export const clerk = (options?: Partial<ClerkConfig.Options>) =>
  make((request) => json(Wire.responseTo(request)), options)

/** A response of JSON. */
export const json = (body: unknown, status = 200, headers: HeadersInit = {}): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", ...Object.fromEntries(new Headers(headers)) }
  })

const withoutBody = new Set([101, 103, 204, 205, 304])

/** A response of any status, although the constructor of `Response` refuses some. */
export const response = (status: number, body: BodyInit | null, headers: HeadersInit = {}): Response =>
  Object.defineProperty(new Response(withoutBody.has(status) ? null : body, { headers }), "status", {
    value: status
  })
