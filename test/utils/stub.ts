import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { ClerkConfig } from "effect-clerk"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

/** A request as it would go over the wire. */
export interface Seen {
  readonly method: string
  readonly url: URL
  readonly headers: { readonly [name: string]: string }
  readonly body: unknown
  /** Of the caller's clock. */
  readonly at: number
}

export const secretKey = "sk_test_0123456789abcdef"

/** Answers with JSON. */
export const json = (body: unknown, status = 200, headers: HeadersInit = {}) =>
  new Response(body === undefined ? null : JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", ...Object.fromEntries(new Headers(headers)) }
  })

/** A connection that breaks before there is an answer. */
export const reset = Symbol("reset")

type Answer = Response | typeof reset | Effect.Effect<Response>

/** The client's two requirements, the first of them answering from `answer`, and the list of what it was asked. */
export const make = (
  answer: (seen: Seen, count: number) => Answer,
  options: Partial<ClerkConfig.Options> = {}
) => {
  const seen: Array<Seen> = []
  const client = HttpClient.make((request, url) =>
    Effect.gen(function* () {
      const body = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
      const one: Seen = {
        method: request.method,
        url,
        headers: { ...request.headers },
        body: body === "" ? undefined : JSON.parse(body),
        at: yield* Clock.currentTimeMillis
      }
      seen.push(one)
      const answered = answer(one, seen.length)
      if (answered === reset) {
        return yield* new HttpClientError.RequestError({
          request,
          reason: "Transport",
          cause: new Error("reset")
        })
      }
      return HttpClientResponse.fromWeb(request, answered instanceof Response ? answered : yield* answered)
    })
  )
  return {
    seen,
    layer: Layer.merge(
      Layer.succeed(HttpClient.HttpClient, client),
      Layer.orDie(ClerkConfig.layer({ secretKey: Redacted.make(secretKey), ...options }))
    )
  }
}

/** A session as Clerk sends it. */
export const wireSession = {
  object: "session",
  id: "sess_1",
  user_id: "user_1",
  client_id: "client_1",
  actor: null,
  status: "active",
  last_active_organization_id: null,
  last_active_at: 1_700_000_000_000,
  latest_activity: null,
  expire_at: 1_700_000_600_000,
  abandon_at: 1_700_001_000_000,
  updated_at: 1_700_000_000_001,
  created_at: 1_699_999_999_999,
  tasks: []
}

export const wireToken = { object: "token", jwt: "eyJhbGciOiJSUzI1NiJ9.e30.c2ln" }

/** A refusal as Clerk words it. */
export const envelope = (code: string, message = "refused") => ({
  errors: [{ code, message, long_message: `${message}, at length`, meta: { param_name: "user_id" } }],
  clerk_trace_id: "trace_1"
})
