import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, FastCheck, Layer, Redacted } from "effect"
import type { Exit } from "effect"
import { ClerkConfig, Sessions } from "effect-clerk"
import type { ClerkError } from "effect-clerk"

import { utf16 } from "./arbitrary.js"
import * as B from "./behaviours.js"
import * as Clerk from "./clerk.js"
import * as Memory from "./memory.js"
import { forAll } from "./property.js"
import * as Server from "./server.js"
import { configured, outcomeOf, secretsFor, settings, transports } from "./subjects.js"

const { key } = secretsFor("aim")

const origin = "http://127.0.0.1:1234"

const config = configured(origin, key)

const memory = () => Memory.make((request) => Response.json(Clerk.answerTo(request)))

/** Texts that have climbed out of paths before, and any other. */
const hostile = FastCheck.oneof(
  utf16,
  FastCheck.string({ unit: "grapheme", maxLength: 20 }),
  FastCheck.webPath(),
  FastCheck.array(
    FastCheck.constantFrom(
      "..",
      ".",
      "/",
      "\\",
      "%2e",
      "%2E%2e",
      "%2f",
      "%5c",
      "%00",
      "%",
      "?",
      "#",
      ";",
      ":",
      "@",
      "//",
      "\t",
      "\n",
      "\r\n",
      "\0",
      " ",
      "\uD800",
      "\uDC00",
      "\u202E",
      "．．",
      "／",
      "sess_1",
      "tokens",
      "revoke",
      "a=b",
      "&"
    ),
    { maxLength: 5 }
  ).map((parts) => parts.join(""))
)

/** What a path segment can stand for at all. */
const isMeant = (text: string) => text !== "" && text !== "." && text !== ".." && !/\p{Surrogate}/u.test(text)

const refresh = { expiredToken: "expired", refreshToken: "refresh", requestOrigin: "https://app.example" }

/** Each operation that takes texts into its path, and the segments it means. */
const aimed: ReadonlyArray<{
  readonly name: string
  readonly method: string
  readonly call: (id: string, template: string) => Effect.Effect<unknown, ClerkError.ClerkError, Sent>
  readonly segments: (id: string, template: string) => ReadonlyArray<string>
}> = [
  { name: "get", method: "GET", call: (id) => Sessions.get(id), segments: (id) => [id] },
  { name: "revoke", method: "POST", call: (id) => Sessions.revoke(id), segments: (id) => [id, "revoke"] },
  {
    name: "refresh",
    method: "POST",
    call: (id) => Sessions.refresh(id, refresh),
    segments: (id) => [id, "refresh"]
  },
  {
    name: "createToken",
    method: "POST",
    call: (id) => Sessions.createToken(id),
    segments: (id) => [id, "tokens"]
  },
  {
    name: "createTokenFromTemplate",
    method: "POST",
    call: (id, template) => Sessions.createTokenFromTemplate(id, template),
    segments: (id, template) => [id, "tokens", template]
  }
]

type Sent = Effect.Effect.Context<ReturnType<typeof Sessions.get>>

/** Nothing was sent and `InvalidRequest` says so; or one request, to exactly these segments. */
const hits = (
  exit: Exit.Exit<unknown, ClerkError.ClerkError>,
  sent: ReadonlyArray<{ readonly method: string; readonly target: string }>,
  method: string,
  segments: ReadonlyArray<string>
) => {
  if (!segments.every(isMeant)) {
    assert.deepStrictEqual([outcomeOf(exit), sent.length], ["InvalidRequest", 0])
    return
  }
  assert.deepStrictEqual([outcomeOf(exit), sent.length], ["value", 1])
  assert.strictEqual(sent[0]?.method, method)
  const [start, ...rest] = (sent[0]?.target ?? "").split("/")
  assert.strictEqual(start, "")
  assert.deepStrictEqual(rest.map(decodeURIComponent), ["v1", "sessions", ...segments])
}

describe("whatever the session id and the template are, the request goes where it is meant to", () => {
  for (const { call, method, name, segments } of aimed) {
    it.effect(`${name}, in memory`, () =>
      forAll(FastCheck.tuple(hostile, hostile), 500, ([id, template]) =>
        Effect.gen(function* () {
          const { layer, requests } = memory()
          const exit = yield* call(id, template).pipe(
            Effect.provide(layer),
            Effect.provide(config),
            Effect.exit
          )
          hits(exit, requests, method, segments(id, template))
        })
      )
    )
  }

  for (const transport of ["fetch", "undici"] as const) {
    it.scopedLive(`all of them, over ${transport}`, () =>
      Effect.gen(function* () {
        const server = yield* Server.make(B.honest)
        const context = yield* Layer.build(Layer.merge(transports[transport](), settings(server.url, key)))
        const cases = FastCheck.sample(FastCheck.tuple(hostile, hostile, FastCheck.constantFrom(...aimed)), {
          numRuns: 150,
          seed: 11
        })
        for (const [id, template, { call, method, segments }] of cases) {
          const before = server.requests.length
          const exit = yield* Effect.exit(Effect.provide(call(id, template), context))
          hits(exit, server.requests.slice(before), method, segments(id, template))
        }
      })
    )
  }

  it.effect("the texts of queries and bodies stay in their places", () =>
    forAll(FastCheck.tuple(hostile, hostile, hostile), 500, ([userId, clientId, status]) =>
      Effect.gen(function* () {
        const { layer, requests } = memory()
        const exits = yield* Effect.all([
          Effect.exit(Sessions.list({ userId, clientId, status })),
          Effect.exit(Sessions.create({ userId, activeOrganizationId: clientId }))
        ]).pipe(Effect.provide(layer), Effect.provide(config))
        assert.deepStrictEqual(
          exits.map(outcomeOf).filter((outcome) => outcome !== "value" && outcome !== "InvalidRequest"),
          []
        )
        for (const { body, method, origin: to, target } of requests) {
          assert.strictEqual(to, origin)
          const url = new URL(target, to)
          assert.strictEqual(url.pathname, "/v1/sessions")
          assert.strictEqual(url.hash, "")
          assert.deepStrictEqual(
            method === "GET" ? Object.fromEntries(url.searchParams) : JSON.parse(body),
            method === "GET"
              ? { user_id: userId, client_id: clientId, status }
              : { user_id: userId, active_organization_id: clientId }
          )
        }
      })
    )
  )
})

const hosts = [
  "api.clerk.com",
  "127.0.0.1:1",
  "localhost",
  "[::1]:1",
  "evil.example",
  "127.0.0.1.evil.example",
  "localhost.evil.example",
  "127.1",
  "0x7f.1",
  "0.0.0.0",
  ""
]
const baseUrl = FastCheck.oneof(
  hostile,
  FastCheck.webUrl({ withFragments: true, withQueryParameters: true }),
  FastCheck.tuple(
    FastCheck.constantFrom(
      "https://",
      "http://",
      "HTTPS://",
      "https:",
      "https:\\\\",
      "ws://",
      "file://",
      "//",
      ""
    ),
    FastCheck.constantFrom("", "", "", "user:pass@", "@"),
    FastCheck.constantFrom(...hosts),
    FastCheck.constantFrom(
      "",
      "/",
      "/v1",
      "/v1/",
      "/proxy/",
      "/proxy/../..",
      "/%2e%2e/",
      "\\x",
      "?a=b",
      "#c",
      "/a b"
    ),
    hostile
  ).map((parts) => parts.join(""))
)

describe("whatever the base URL is, the key goes to that address, encrypted or within the machine, or nowhere", () => {
  it.effect("apiUrl", () =>
    forAll(baseUrl, 3000, (apiUrl) =>
      Effect.gen(function* () {
        const config = yield* Effect.either(ClerkConfig.make({ secretKey: Redacted.make(key), apiUrl }))
        if (Either.isLeft(config)) {
          // Without the example that the message itself gives.
          const message = String(config.left).replace("https://api.clerk.com", "")
          assert.include(message, "apiUrl")
          assert.isFalse(apiUrl.length > 8 && message.includes(apiUrl), message)
          return
        }
        const { layer, requests } = memory()
        yield* Sessions.get("sess_1").pipe(
          Effect.provide(layer),
          Effect.provideService(ClerkConfig.ClerkConfig, config.right)
        )
        const meant = new URL(apiUrl)
        const base = meant.pathname.replace(/\/+$/, "").replace(/\/v1$/, "")
        assert.deepStrictEqual(
          requests.map(({ origin, target }) => origin + target),
          [`${meant.origin}${base}/v1/sessions/sess_1`]
        )
        assert.strictEqual(meant.username + meant.password + meant.search + meant.hash, "")
        const isLocal = /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(meant.hostname)
        assert.isTrue(meant.protocol === "https:" || (meant.protocol === "http:" && isLocal), apiUrl)
      })
    )
  )
})
