/** An `HttpClient` without a socket, for the properties that need thousands of answers and not one connection. */
import { HttpClient, HttpClientResponse } from "@effect/platform"
import type { HttpClientRequest } from "@effect/platform"
import { Clock, Effect, Layer } from "effect"

import type { Seen } from "./server.js"

export interface Request extends Seen {
  readonly origin: string
  /** When it was sent, by Effect's clock, in milliseconds. */
  readonly at: number
}

const text = (body: HttpClientRequest.HttpClientRequest["body"]): string =>
  body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : ""

/** A client that answers every request by a function, and keeps what it was asked. */
export const make = (respond: (request: Request) => Response) => {
  const requests: Array<Request> = []
  const client = HttpClient.make((request, url) =>
    Effect.map(Clock.currentTimeMillis, (at) => {
      const seen: Request = {
        method: request.method,
        origin: url.origin,
        target: url.pathname + url.search + url.hash,
        headers: { ...request.headers },
        body: text(request.body),
        at
      }
      requests.push(seen)
      return HttpClientResponse.fromWeb(request, respond(seen))
    })
  )
  return { requests, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

/** A `Response` of any status, also of those that the constructor refuses. */
export const response = (status: number, body: BodyInit | null, headers: HeadersInit): Response => {
  const hasBody = ![101, 103, 204, 205, 304].includes(status)
  const built = new Response(hasBody ? body : null, { headers })
  Object.defineProperty(built, "status", { value: status })
  return built
}
