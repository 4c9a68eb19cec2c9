/** Errors of responses, transports and limits. */
import { type ClerkConfig, Sessions } from "effect-clerk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"

import { clientRateLimited } from "../../src/internal/limiter.js"
import * as Mock from "../support/mock.js"
import { type Call, refreshParams } from "../support/operations.js"
import * as Wire from "../support/wire.js"
import { messageOf, type Section } from "./section.js"

/** The message of a call whose server does not respond. */
const timeoutMessage = (call: Call, options?: Partial<ClerkConfig.Options>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(messageOf(call, () => Effect.never, options))
    yield* TestClock.adjust("1 minute")
    return yield* Fiber.join(fiber)
  })

const get = Sessions.get("sess_1")
const create = Sessions.create({ userId: "user_1" })
const list = Sessions.list({ userId: "user_1" })
const refresh = Sessions.refresh("sess_1", refreshParams)

const json =
  (body: unknown, status = 200, headers?: HeadersInit): Mock.Respond =>
  () =>
    Mock.json(body, status, headers)
const text =
  (status: number, body = "", headers?: HeadersInit): Mock.Respond =>
  () =>
    Mock.response(status, body, headers)
const lost =
  (code: string, message = ""): Mock.Respond =>
  () =>
    Effect.fail(new Mock.Lost({ cause: Object.assign(new Error(message), { code }) }))

const refused = (code: string, message: string, param?: string) => ({
  errors: [{ code, message, meta: param === undefined ? {} : { param_name: param } }],
  clerk_trace_id: "trace_1"
})
const notFound = refused("resource_not_found", "Resource not found")
const unauthorized = refused("authentication_invalid", "Invalid authentication")
const twoErrors = {
  errors: [
    { code: "form_param_missing", message: "is missing", meta: { param_name: "user_id" } },
    { code: "form_param_unknown", message: "is unknown", meta: { param_name: "a" } }
  ]
}

const broken: Mock.Respond = () =>
  new Response(
    new ReadableStream({
      pull: (controller) =>
        controller.error(
          new TypeError("terminated", {
            cause: Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" })
          })
        )
    })
  )

export const responses: ReadonlyArray<Section> = [
  {
    title: "ClerkErrors",
    cases: [
      ["a parameter", messageOf(create, json(refused("form_param_invalid", "is invalid", "user_id"), 422))],
      ["several errors", messageOf(create, json(twoErrors, 400))],
      ["a 404 where none is documented", messageOf(list, json(notFound, 404))],
      ["no entry", messageOf(get, json({ errors: [] }, 403))]
    ]
  },
  {
    title: "Unauthorized",
    cases: [
      ["the secret key", messageOf(get, json(unauthorized, 401))],
      ["no envelope", messageOf(get, text(401))],
      [
        "the tokens of refresh",
        messageOf(refresh, json(refused("refresh_token_not_found", "Refresh token not found"), 401))
      ]
    ]
  },
  {
    title: "NotFound",
    cases: [
      ["a session", messageOf(get, json(notFound, 404))],
      ["a user", messageOf(create, json(notFound, 404))],
      ["a template", messageOf(Sessions.createTokenFromTemplate("sess_1", "hasura"), json(notFound, 404))],
      ["no envelope", messageOf(get, text(404, "not found"))]
    ]
  },
  {
    title: "RateLimited",
    cases: [
      [
        "with Retry-After",
        messageOf(get, json(refused("too_many_requests", "Too many requests"), 429, { "retry-after": "7" }))
      ],
      ["without Retry-After", messageOf(get, text(429))],
      [
        "by the program's own limiter",
        Effect.succeed(
          clientRateLimited(
            { operation: "Sessions.get", method: "GET", path: "/v1/sessions/sess_1" },
            "the wait for a turn would be longer than maxWait"
          ).message
        )
      ]
    ]
  },
  {
    title: "ApiError",
    cases: [
      ["a redirect", messageOf(get, text(302, "", { location: "/elsewhere" }))],
      ["not modified", messageOf(get, text(304))],
      ["a page of a proxy", messageOf(get, text(403, "<h1>Forbidden</h1>"))],
      ["a bad gateway", messageOf(get, text(502, "<h1>Bad gateway</h1>", { "cf-ray": "ray_1" }))],
      [
        "an outage with Retry-After",
        messageOf(get, json(refused("service_unavailable", "Try again"), 503, { "retry-after": "60" }))
      ]
    ]
  },
  {
    title: "Timeout",
    cases: [
      ["of an attempt", timeoutMessage(get)],
      ["of the whole operation", timeoutMessage(get, { deadline: "3 seconds" })],
      ["of create", timeoutMessage(create)]
    ]
  },
  {
    title: "TransportError",
    cases: [
      ["a connection refused", messageOf(get, lost("ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:443"))],
      ["an unknown host", messageOf(get, lost("ENOTFOUND", "getaddrinfo ENOTFOUND api.clerk.com"))],
      ["a certificate", messageOf(get, lost("CERT_HAS_EXPIRED", "certificate has expired"))],
      ["a reset before the headers", messageOf(get, () => Mock.reset)],
      ["a reset within the body", messageOf(get, broken)],
      ["an error without a cause", messageOf(get, () => Effect.fail(new Mock.Lost({ cause: undefined })))]
    ]
  },
  {
    title: "DecodeError",
    cases: [
      ["no JSON", messageOf(get, text(200, "<html>"))],
      ["an empty body", messageOf(get, text(200))],
      ["an empty object", messageOf(get, json({}))],
      ["a missing field", messageOf(get, json({ ...Wire.session, user_id: undefined }))],
      ["a wrong type", messageOf(get, json({ ...Wire.session, status: 1 }))],
      ["an empty id", messageOf(get, json({ ...Wire.session, id: "" }))],
      ["a timestamp that is text", messageOf(get, json({ ...Wire.session, expire_at: "tomorrow" }))],
      ["a timestamp with a fraction", messageOf(get, json({ ...Wire.session, expire_at: 1.5 }))],
      ["a timestamp beyond a date", messageOf(get, json({ ...Wire.session, expire_at: 8.64e15 + 1 }))],
      ["an actor that is text", messageOf(get, json({ ...Wire.session, actor: "user_2" }))],
      [
        "an activity without a field",
        messageOf(get, json({ ...Wire.session, latest_activity: { id: "a" } }))
      ],
      ["another object", messageOf(get, json({ ...Wire.session, object: "user" }))],
      ["an item of a list", messageOf(list, json([Wire.session, { ...Wire.session, id: 1 }]))],
      ["a session in place of a list", messageOf(list, json(Wire.session))],
      ["a count that is text", messageOf(list, json({ data: [], total_count: "1" }))],
      ["cookies in place of a token", messageOf(refresh, json({ object: "cookies", cookies: [] }))],
      ["a body that is compressed", messageOf(get, text(200, "\u001f", { "content-encoding": "gzip" }))],
      ["a body that is too long", messageOf(get, json(Wire.session), { maxResponseSize: 100 })]
    ]
  }
]
