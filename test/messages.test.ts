/** Every message that a user can meet, side by side in `messages.txt`. */
import { describe, expect, it } from "@effect/vitest"
import { ClerkConfig, Sessions } from "effect-clerk"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"

import { clientRateLimited } from "../src/internal/limiter.js"
import * as Mock from "./support/mock.js"
import { type Call, refreshParams } from "./support/operations.js"
import * as Wire from "./support/wire.js"

/** No message may hold a text with this word. */
const secret = "hidden"

type Case = readonly [name: string, message: Effect.Effect<string>]

interface Section {
  readonly title: string
  readonly cases: ReadonlyArray<Case>
}

/** The message of a call that fails, with the responses that it gets. */
const messageOf = (
  call: Call,
  respond: Mock.Respond = () => Mock.json({}),
  options: Partial<ClerkConfig.Options> = {}
) =>
  Effect.gen(function* () {
    const { layer } = Mock.make(respond, { retry: Schedule.stop, ...options })
    const { message } = yield* Effect.flip(call).pipe(Effect.provide(layer))
    return message
  }).pipe(Effect.orDie)

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

const responses: ReadonlyArray<Section> = [
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

/** What callers without types pass. */
const untyped = (value: unknown) => value as never

const lists = (params: object) => messageOf(Sessions.list({ userId: "user_1", ...params }))
const refreshes = (params: object) => messageOf(Sessions.refresh("sess_1", { ...refreshParams, ...params }))
const lifetime = (expiresIn: unknown) =>
  messageOf(Sessions.createToken("sess_1", { expiresIn: untyped(expiresIn) }))

const wiped = () => {
  const redacted = Redacted.make(secret)
  Redacted.unsafeWipe(redacted)
  return redacted
}

const throwing = Object.defineProperty({}, "userId", {
  enumerable: true,
  get: () => {
    throw new Error(secret)
  }
})

const invalid: ReadonlyArray<Section> = [
  {
    title: "InvalidRequest: ids and names",
    cases: [
      ["empty", messageOf(Sessions.get(""))],
      ["a dot segment", messageOf(Sessions.revoke(".."))],
      ["a lone surrogate", messageOf(Sessions.createToken("a\ud800"))],
      ["not a string", messageOf(Sessions.get(untyped(undefined)))],
      ["a secret key", messageOf(Sessions.get(`sk_test_${secret}12345`))],
      ["a token", messageOf(Sessions.get(`eyJ${secret}.e30.c2ln`))],
      ["an empty template name", messageOf(Sessions.createTokenFromTemplate("sess_1", ""))]
    ]
  },
  {
    title: "InvalidRequest: list, listPage, stream",
    cases: [
      ["no userId and no clientId", messageOf(Sessions.listPage(untyped({})))],
      ["a userId that is undefined", messageOf(Sessions.list({ userId: undefined }))],
      ["an empty userId", lists({ userId: "" })],
      ["a token as userId", lists({ userId: `eyJ${secret}.e30.c2ln` })],
      ["a clientId that is a number", lists({ clientId: 1 })],
      ["an empty status", lists({ status: "" })],
      ["a limit out of range", lists({ limit: 501 })],
      ["a limit that is text", lists({ limit: "10" })],
      ["an offset below zero", lists({ offset: -1 })],
      ["a fractional offset", lists({ offset: 0.5 })],
      [
        "a pageSize out of range",
        messageOf(Stream.runDrain(Sessions.stream({ userId: "user_1", pageSize: 0 })))
      ],
      ["no object", messageOf(Sessions.list(untyped(null)))],
      ["a getter that throws", messageOf(Sessions.list(untyped(throwing)))]
    ]
  },
  {
    title: "InvalidRequest: create",
    cases: [
      ["no userId", messageOf(Sessions.create(untyped({})))],
      ["a userId that is an object", messageOf(Sessions.create(untyped({ userId: {} })))],
      [
        "an empty activeOrganizationId",
        messageOf(Sessions.create({ userId: "user_1", activeOrganizationId: "" }))
      ],
      ["no object", messageOf(Sessions.create(untyped("user_1")))]
    ]
  },
  {
    title: "InvalidRequest: createToken, createTokenFromTemplate",
    cases: [
      ["milliseconds that look like seconds", lifetime(60)],
      ["milliseconds, too short", lifetime(5)],
      ["too short", lifetime("29 seconds")],
      ["too long", lifetime("315360001 seconds")],
      ["half a second", lifetime("30500 millis")],
      ["infinite", lifetime("Infinity")],
      ["not a number", lifetime(Number.NaN)],
      ["no duration", lifetime("soon")],
      ["an object", lifetime({})],
      ["no object", messageOf(Sessions.createToken("sess_1", untyped("1 minute")))]
    ]
  },
  {
    title: "InvalidRequest: refresh",
    cases: [
      ["no expiredToken", refreshes({ expiredToken: undefined })],
      ["an expiredToken that is null", refreshes({ expiredToken: null })],
      ["an empty refreshToken", refreshes({ refreshToken: "" })],
      ["a wiped refreshToken", refreshes({ refreshToken: wiped() })],
      ["a redacted number", refreshes({ refreshToken: Redacted.make(1) })],
      ["an empty requestOrigin", refreshes({ requestOrigin: "" })],
      ["a header that is a number", refreshes({ requestHeaders: { cookie: 1 } })],
      ["headers that are text", refreshes({ requestHeaders: "cookie: a" })],
      ["an empty requestOriginatingIp", refreshes({ requestOriginatingIp: "" })],
      ["an unknown format", refreshes({ format: "xml" })],
      ["suffixedCookies that is text", refreshes({ suffixedCookies: "no" })],
      ["no object", messageOf(Sessions.refresh("sess_1", untyped(null)))]
    ]
  },
  {
    title: "InvalidRequest: settings",
    cases: [
      ["withTimeout(0)", messageOf(ClerkConfig.withTimeout(get, 0))],
      ["withDeadline of no duration", messageOf(ClerkConfig.withDeadline(get, untyped("soon")))],
      ["withRetry of no schedule", messageOf(ClerkConfig.withRetry(get, untyped({})))]
    ]
  }
]

const layerMessage = (
  layer: Layer.Layer<ClerkConfig.ClerkConfig, ConfigError>,
  entries: Record<string, string> = {}
) =>
  ClerkConfig.ClerkConfig.pipe(
    Effect.provide(layer),
    Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(entries)))),
    Effect.flip,
    Effect.map(String),
    Effect.orDie
  )
const setting = (options: object) =>
  layerMessage(ClerkConfig.layer({ secretKey: Redacted.make(Wire.secretKey), ...options }))
const variable = (entries: Record<string, string>) =>
  layerMessage(ClerkConfig.layerEnv, { CLERK_SECRET_KEY: Wire.secretKey, ...entries })

const settings: ReadonlyArray<Section> = [
  {
    title: "ConfigError: ClerkConfig.layer",
    cases: [
      ["a publishable key", setting({ secretKey: Redacted.make(`pk_test_${secret}`) })],
      ["a token", setting({ secretKey: Redacted.make(`eyJ${secret}.a.b`) })],
      ["an empty key", setting({ secretKey: Redacted.make("  ") })],
      ["a key with a line break", setting({ secretKey: Redacted.make(`sk_${secret}\nsk_${secret}`) })],
      ["a key with a letter beyond ASCII", setting({ secretKey: Redacted.make(`sk_${secret}_ü`) })],
      ["a key that is not redacted", setting({ secretKey: `sk_${secret}` })],
      ["no key", setting({ secretKey: undefined })],
      ["a wiped key", setting({ secretKey: wiped() })],
      ["http", setting({ apiUrl: "http://api.clerk.com" })],
      ["http to a host that looks like a loopback host", setting({ apiUrl: "http://127.0.0.1.example.com" })],
      ["another scheme", setting({ apiUrl: "ftp://api.clerk.com" })],
      ["a relative URL", setting({ apiUrl: "/v1" })],
      ["credentials in the URL", setting({ apiUrl: `https://user:${secret}@api.clerk.com` })],
      ["a query in the URL", setting({ apiUrl: `https://api.clerk.com?${secret}` })],
      ["a fragment in the URL", setting({ apiUrl: `https://api.clerk.com#${secret}` })],
      ["an apiVersion with a line break", setting({ apiVersion: `2026\r\nx: ${secret}` })],
      ["an empty userAgent", setting({ userAgent: "" })],
      ["a timeout of zero", setting({ timeout: 0 })],
      ["a timeout that is no duration", setting({ timeout: secret })],
      ["a deadline below zero", setting({ deadline: -1 })],
      ["a retry that is no schedule", setting({ retry: {} })],
      ["a maxResponseSize of zero", setting({ maxResponseSize: 0 })],
      ["a maxResponseSize with a fraction", setting({ maxResponseSize: 0.5 })]
    ]
  },
  {
    title: "ConfigError: ClerkConfig.layerEnv",
    cases: [
      ["no key", layerMessage(ClerkConfig.layerEnv)],
      ["an empty key", variable({ CLERK_SECRET_KEY: "" })],
      ["a publishable key", variable({ CLERK_SECRET_KEY: `pk_test_${secret}` })],
      ["http", variable({ CLERK_API_URL: "http://api.clerk.com" })],
      ["an apiVersion with a line break", variable({ CLERK_API_VERSION: `2026\n${secret}` })],
      ["a timeout that is no duration", variable({ CLERK_TIMEOUT: "soon" })],
      ["a deadline of zero", variable({ CLERK_DEADLINE: "0 seconds" })]
    ]
  },
  {
    title: "ConfigError: ClerkConfig.layerConfig",
    cases: [
      ["no key", layerMessage(ClerkConfig.layerConfig({ secretKey: Config.redacted("AUTH_SECRET_KEY") }))],
      [
        "a publishable key",
        layerMessage(ClerkConfig.layerConfig({ secretKey: Config.redacted("AUTH_SECRET_KEY") }), {
          AUTH_SECRET_KEY: `pk_test_${secret}`
        })
      ]
    ]
  }
]

const sections = [...responses, ...invalid, ...settings]

const render = Effect.forEach(sections, ({ cases, title }) =>
  Effect.map(
    Effect.forEach(cases, ([name, message]) => Effect.map(message, (text) => `${name}\n  ${text}\n`)),
    (texts) => `# ${title}\n\n${texts.join("\n")}`
  )
)

describe("the messages", () => {
  it.effect("are those of messages.txt", () =>
    Effect.flatMap(render, (texts) =>
      Effect.promise(() => expect(texts.join("\n\n")).toMatchFileSnapshot("messages.txt"))
    )
  )

  for (const { cases, title } of sections) {
    it.effect(`of ${title} are one line and quote no secret`, () =>
      Effect.forEach(cases, ([name, message]) =>
        Effect.map(message, (text) => {
          expect(text, name).not.toContain(secret)
          expect(text, name).not.toMatch(/[\p{Cc}\p{Cf}]/u)
          expect(text.length, name).toBeLessThan(400)
        })
      )
    )
  }
})
