/** The first session with effect and its platform, by hand: with less said about the response and its failures. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"

import { sessionId } from "../wire.js"

const Session = Schema.Struct({ id: Schema.String, status: Schema.String })

export const first = (origin: string): Promise<string> =>
  HttpClientRequest.get(`${origin}/v1/sessions/${sessionId}`).pipe(
    HttpClientRequest.bearerToken("sk_test_1"),
    HttpClient.execute,
    Effect.flatMap(HttpClientResponse.filterStatusOk),
    Effect.flatMap((response) => HttpClientResponse.schemaBodyJson(Session)(response)),
    Effect.map((session) => session.id),
    Effect.timeout("10 seconds"),
    Effect.retry(Schedule.intersect(Schedule.exponential("200 millis"), Schedule.recurs(3))),
    Effect.provide(FetchHttpClient.layer),
    Effect.runPromise
  )
