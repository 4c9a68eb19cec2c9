import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

import type { Handler } from "./connection.js"

/**
 * An HTTP client whose requests are handled in memory, on the fiber that sends them: its clock, its interruption and
 * its loggers are the handler's.
 */
export const make = (handle: Handler): HttpClient.HttpClient =>
  HttpClient.make((request, url, signal) => {
    const lost = (cause: unknown) => new HttpClientError.RequestError({ request, reason: "Transport", cause })
    return body(request).pipe(
      Effect.flatMap((body) =>
        Effect.try({
          try: () =>
            new Request(url, {
              method: request.method,
              headers: request.headers,
              signal,
              // A stream is only accepted together with this, which the DOM's types do not know yet.
              ...(body === undefined ? {} : { body, duplex: "half" })
            }),
          catch: lost
        })
      ),
      Effect.flatMap((request) => Effect.mapError(handle(request), ({ cause }) => lost(cause))),
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
      // As the platform's own transport does: whoever made a raw body knows that it is fit for fetch.
      return Effect.succeed(request.body.body as BodyInit)
  }
}
