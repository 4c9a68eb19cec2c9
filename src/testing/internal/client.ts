import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"

import type { ClientHint } from "../../internal/clientHint.js"
import type { ConnectionLost } from "./connection.js"

/** The causes of the errors of the clients made here. Effect may wrap the errors themselves in proxies. */
const causes = new WeakSet<object>()

/** Explains an error of another HTTP client, which cannot reach a Clerk in memory. */
export const explain: ClientHint = (error) =>
  Predicate.hasProperty(error, "cause") && Predicate.isObject(error.cause) && causes.has(error.cause)
    ? undefined
    : "the HttpClient in the context is not the one of ClerkTest, and cannot reach the Clerk in memory; a nearer layer," +
      " such as NodeHttpServer.layerTest, provides another HttpClient; provide the layer of ClerkTest inside it"

/**
 * An HTTP client whose requests are handled in memory, on the fiber that sends them: the handler has the clock, the
 * interruption and the loggers of that fiber.
 */
export const make = (
  handle: (request: Request) => Effect.Effect<Response, ConnectionLost>
): HttpClient.HttpClient =>
  HttpClient.make((request, url, signal) => {
    const toError = (cause: unknown) => {
      if (Predicate.isObject(cause)) causes.add(cause)
      return new HttpClientError.RequestError({ request, reason: "Transport", cause })
    }
    return body(request).pipe(
      Effect.flatMap((body) =>
        Effect.try({
          try: () =>
            new Request(url, {
              method: request.method,
              headers: request.headers,
              signal,
              // A stream needs this option, which the DOM's types do not declare.
              ...(body === undefined ? {} : { body, duplex: "half" })
            }),
          catch: toError
        })
      ),
      Effect.flatMap((request) => Effect.mapError(handle(request), ({ cause }) => toError(cause))),
      Effect.map((response) => HttpClientResponse.fromWeb(request, response))
    )
  })

const body = (request: HttpClientRequest.HttpClientRequest): Effect.Effect<BodyInit | undefined> => {
  switch (request.body._tag) {
    case "Empty":
      return Effect.succeed(undefined)
    case "FormData":
      return Effect.succeed(request.body.formData)
    case "Stream":
      return Stream.toReadableStreamEffect(request.body.stream)
    case "Raw":
    case "Uint8Array":
      // The platform's fetch client assumes the same: a raw body is one that fetch accepts.
      return Effect.succeed(request.body.body as BodyInit)
  }
}
