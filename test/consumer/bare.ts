/** The same request without the package. The bundle of `get.ts` is compared with this one. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"

const Session = Schema.Struct({ id: Schema.String, status: Schema.String })

export const status = Effect.runPromise(
  HttpClientRequest.get("https://api.clerk.com/v1/sessions/sess_1").pipe(
    HttpClientRequest.bearerToken("sk_test_bundle"),
    HttpClient.execute,
    Effect.flatMap(HttpClientResponse.filterStatusOk),
    Effect.flatMap((response) => HttpClientResponse.schemaBodyJson(Session)(response)),
    Effect.map((session) => session.status),
    Effect.timeout("10 seconds"),
    Effect.retry(Schedule.intersect(Schedule.exponential("200 millis"), Schedule.recurs(3))),
    Effect.provide(FetchHttpClient.layer)
  )
)
