import type { ClerkConfig } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
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

class Reset extends Data.TaggedError("Reset") {}

/** A connection that breaks before there is an answer. */
export const reset = new Reset()

type Answer = Response | Effect.Effect<Response, Reset>

/** The client's two requirements, the first of them answering from `answer`, and the list of what it was asked. */
export const make = (
  answer: (seen: Seen, count: number) => Answer,
  options: Partial<ClerkConfig.Options> = {}
) => {
  const seen: Array<Seen> = []
  const layer = ClerkTest.layerHandler(
    (request) =>
      Effect.gen(function* () {
        const at = yield* Clock.currentTimeMillis
        const body = yield* Effect.promise(() => request.text())
        const one: Seen = {
          method: request.method,
          url: new URL(request.url),
          headers: Object.fromEntries(request.headers),
          body: body === "" ? undefined : JSON.parse(body),
          at
        }
        seen.push(one)
        const answered = answer(one, seen.length)
        return answered instanceof Response ? answered : yield* answered
      }),
    { config: { secretKey: Redacted.make(secretKey), ...options } }
  )
  return { seen, layer }
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
