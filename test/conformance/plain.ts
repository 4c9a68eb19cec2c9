/**
 * The operations as a program would write them by hand, with nothing but the public API of Effect and its platform:
 * `client.execute`, a read of the body, `Effect.timeoutFail` and `Effect.retry`.
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { Data, Effect, Redacted, Schema } from "effect"
import type { Schedule } from "effect"
import { ClerkConfig } from "effect-clerk"

import type { Subject } from "./subject.js"

class PlainError extends Data.Error<{ readonly _tag: string; readonly isRetryable: boolean }> {}

const fail = (_tag: string, isRetryable: boolean) => new PlainError({ _tag, isRetryable })

const Session = Schema.parseJson(Schema.Struct({ id: Schema.String, user_id: Schema.String }))
const Sessions = Schema.parseJson(Schema.Array(Schema.Struct({ id: Schema.String })))
const Envelope = Schema.parseJson(Schema.Struct({ errors: Schema.Array(Schema.Unknown) }))

const request = (
  { apiUrl, apiVersion, secretKey, userAgent }: ClerkConfig.Settings,
  method: "GET" | "POST",
  path: string,
  body: unknown
) =>
  HttpClientRequest.make(method)(`${apiUrl}/v1${path}`, {
    headers: {
      accept: "application/json",
      authorization: `Bearer ${Redacted.value(secretKey)}`,
      "clerk-api-version": apiVersion,
      "user-agent": userAgent
    }
  }).pipe(body === undefined ? (self) => self : HttpClientRequest.bodyUnsafeJson(body))

const errorOf = (status: number, isEnvelope: boolean) => {
  switch (status) {
    case 401:
      return fail("Unauthorized", false)
    case 404:
      return fail("NotFound", false)
    case 429:
      return fail("RateLimited", true)
  }
  return isEnvelope && status < 500
    ? fail("ClerkErrors", false)
    : fail("ApiError", status === 408 || status >= 500)
}

const read = <A>(
  response: HttpClientResponse.HttpClientResponse,
  schema: Schema.Schema<A, string>
): Effect.Effect<A, HttpClientError.ResponseError | PlainError> =>
  Effect.flatMap(response.text, (text) =>
    response.status >= 200 && response.status < 300
      ? Effect.mapError(Schema.decode(schema)(text), () => fail("DecodeError", false))
      : Effect.flatMap(Effect.option(Schema.decode(Envelope)(text)), ({ _tag }) =>
          errorOf(response.status, _tag === "Some")
        )
  )

/** The client with the two settings that Clerk's requests need: redirects are not followed, no span is recorded. */
const execute = (client: HttpClient.HttpClient, request: HttpClientRequest.HttpClientRequest) =>
  client.execute(request).pipe(
    Effect.locally(HttpClient.currentTracerDisabledWhen, () => true),
    Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" })
  )

/** The subject under a retry schedule; the other settings are those of `ClerkConfig`. */
export const make = (schedule: Schedule.Schedule<unknown>): Subject => {
  const call = <A>(
    schema: Schema.Schema<A, string>,
    method: "GET" | "POST",
    path: string,
    isRepeatable: boolean,
    body?: unknown
  ): Effect.Effect<A, PlainError, HttpClient.HttpClient | ClerkConfig.ClerkConfig> =>
    Effect.gen(function* () {
      const client = yield* HttpClient.HttpClient
      const settings = yield* ClerkConfig.ClerkConfig
      return yield* execute(client, request(settings, method, path, body)).pipe(
        Effect.catchTag("ResponseError", (error) =>
          error.reason === "StatusCode" ? Effect.succeed(error.response) : Effect.fail(error)
        ),
        Effect.flatMap((response) => read(response, schema)),
        Effect.mapError((error) =>
          error instanceof PlainError
            ? error
            : error.reason === "InvalidUrl" || error.reason === "Encode"
              ? fail("InvalidRequest", false)
              : fail("TransportError", true)
        ),
        Effect.timeoutFail({ duration: settings.timeout, onTimeout: () => fail("Timeout", true) }),
        Effect.retry({
          schedule,
          while: ({ _tag, isRetryable }) => isRetryable && (isRepeatable || _tag === "RateLimited")
        })
      )
    })

  return {
    name: "the plain way",
    get: (id) =>
      Effect.map(call(Session, "GET", `/sessions/${encodeURIComponent(id)}`, true), (session) => session.id),
    list: (userId) =>
      Effect.map(call(Sessions, "GET", `/sessions?user_id=${encodeURIComponent(userId)}`, true), (sessions) =>
        sessions.map((session) => session.id)
      ),
    create: (userId) =>
      Effect.map(call(Session, "POST", "/sessions", false, { user_id: userId }), (session) => session.id),
    revoke: (id) =>
      Effect.map(
        call(Session, "POST", `/sessions/${encodeURIComponent(id)}/revoke`, true),
        (session) => session.id
      )
  }
}
