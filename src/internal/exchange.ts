/** Sends the request of a call, reads the response to its end, and turns it into a value or an error. */
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"

import { ApiError, type CommonError, DecodeError } from "../ClerkError.js"
import type { Abort } from "./abort.js"
import { execute } from "./client.js"
import { clientHint } from "./clientHint.js"
import { readBody, wasRedirected } from "./fast/readBody.js"
import type { Call } from "./operation.js"
import { isStatusError, toTransportError } from "./response/transportError.js"

/** Maximum bytes read of an error response. */
const maxErrorSize = 64 * 1024

export const exchange = <A, E>(call: Call<A, E>, abort: Abort): Effect.Effect<A, E | CommonError> =>
  execute(call.client, call.request.http, call.settings, abort).pipe(
    // A client that fails because of a status has the response in its error.
    Effect.catchIf(isStatusError, (error) => Effect.succeed(error.response)),
    Effect.mapError((error) => toTransportError(call.request, error, clientHint(call.settings, error))),
    Effect.flatMap((response) => receive(call, response))
  )

const receive = <A, E>(call: Call<A, E>, response: HttpClientResponse): Effect.Effect<A, E | CommonError> => {
  const { operation, progress, request, settings } = call
  const { status } = response
  progress.status = status
  if (wasRedirected(response)) {
    return Effect.fail(new ApiError({ ...request.context, status }))
  }
  const isSuccess = status >= 200 && status < 300
  return readBody(response, isSuccess ? settings.maxResponseSize : maxErrorSize).pipe(
    Effect.mapError((error) => toTransportError(request, error)),
    Effect.flatMap((body): Effect.Effect<A, E | DecodeError> => {
      if (isSuccess) {
        const value = body.truncated
          ? Either.left(`the body is longer than maxResponseSize (${settings.maxResponseSize} bytes)`)
          : operation.decodeResponse(body.text)
        return Either.mapLeft(value, (detail) => decodeError(call, response, detail))
      }
      return Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const { context } = request
        const redact = request.redact()
        return Effect.fail(
          operation.errorResponse({ context, status, headers: response.headers, body, now, redact })
        )
      })
    })
  )
}

/** A body that is still compressed is no JSON; the words name the coding then. */
const decodeError = <A, E>({ request }: Call<A, E>, response: HttpClientResponse, detail: string) => {
  const coding = response.headers["content-encoding"]
  const words =
    coding === undefined || coding === "identity"
      ? detail
      : `${detail}; its content-encoding is ${request.redact()(coding)}`
  return new DecodeError({ ...request.context, detail: words })
}
