import * as HttpClient from "@effect/platform/HttpClient"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Effect, Either, FastCheck, Layer, Redacted } from "effect"
import type { Exit } from "effect"
import { ClerkConfig, type ClerkError, Sessions } from "effect-clerk"

import * as Config from "../support/config.js"
import * as Server from "../support/faultServer.js"
import * as Mock from "../support/mock.js"
import { type Call, outcomeOf, refreshParams } from "../support/operations.js"
import { cases, forAll } from "../support/property.js"
import * as Respond from "../support/respond.js"
import * as Transports from "../support/transports.js"
import * as Wire from "../support/wire.js"
import { utf16 } from "./responses.js"

const apiUrl = "http://127.0.0.1:1234"

/** Parts of texts that change a path, a query or a header where they are not escaped. */
const parts = [
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
]

const hostile = FastCheck.oneof(
  utf16,
  FastCheck.string({ unit: "grapheme", maxLength: 20 }),
  FastCheck.webPath(),
  FastCheck.array(FastCheck.constantFrom(...parts), { maxLength: 5 }).map((parts) => parts.join(""))
)

/** Whether a text can be a segment of a path. */
const isSegment = (text: string) =>
  text !== "" && text !== "." && text !== ".." && !/\p{Surrogate}/u.test(text)

/** The operations with arguments in their path, and the segments that they request. */
const operations: ReadonlyArray<{
  readonly name: string
  readonly method: string
  readonly call: (id: string, template: string) => Call
  readonly segments: (id: string, template: string) => ReadonlyArray<string>
}> = [
  { name: "get", method: "GET", call: (id) => Sessions.get(id), segments: (id) => [id] },
  { name: "revoke", method: "POST", call: (id) => Sessions.revoke(id), segments: (id) => [id, "revoke"] },
  {
    name: "refresh",
    method: "POST",
    call: (id) => Sessions.refresh(id, refreshParams),
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

/** Checks that one request was sent to these segments, or none and the arguments were refused. */
const checkRequests = (
  exit: Exit.Exit<unknown, ClerkError.ClerkError>,
  requests: ReadonlyArray<Wire.Request>,
  method: string,
  segments: ReadonlyArray<string>
) => {
  if (!segments.every(isSegment)) {
    deepStrictEqual([outcomeOf(exit), requests.length], ["InvalidRequest", 0])
    return
  }
  deepStrictEqual([outcomeOf(exit), requests.length], ["value", 1])
  assert.strictEqual(requests[0]?.method, method)
  const [start, ...rest] = (requests[0]?.target ?? "").split("/")
  assert.strictEqual(start, "")
  deepStrictEqual(rest.map(decodeURIComponent), ["v1", "sessions", ...segments])
}

describe("ids and template names cannot change the request path", () => {
  for (const { call, method, name, segments } of operations) {
    it.effect(`of ${name}`, () =>
      forAll(FastCheck.tuple(hostile, hostile), cases, ([id, template]) =>
        Effect.gen(function* () {
          const { layer, requests } = Mock.clerk({ apiUrl })
          const exit = yield* Effect.exit(call(id, template)).pipe(Effect.provide(layer))
          checkRequests(exit, requests, method, segments(id, template))
        })
      )
    )
  }

  for (const transport of Transports.all) {
    it.scopedLive(`over ${transport}`, () =>
      Effect.gen(function* () {
        const server = yield* Server.make(Respond.success)
        const context = yield* Layer.build(
          Layer.merge(Transports.layer(transport), Config.layer({ apiUrl: server.url }))
        )
        yield* forAll(
          FastCheck.tuple(hostile, hostile, FastCheck.constantFrom(...operations)),
          cases,
          ([id, template, { call, method, segments }]) =>
            Effect.gen(function* () {
              const before = server.requests.length
              const exit = yield* Effect.exit(Effect.provide(call(id, template), context))
              checkRequests(exit, server.requests.slice(before), method, segments(id, template))
            })
        )
      })
    )
  }

  it.effect("with values of queries and bodies", () =>
    forAll(FastCheck.tuple(hostile, hostile, hostile), cases, ([userId, clientId, status]) =>
      Effect.gen(function* () {
        const { layer, requests } = Mock.clerk({ apiUrl })
        const exits = yield* Effect.all([
          Effect.exit(Sessions.list({ userId, clientId, status })),
          Effect.exit(Sessions.create({ userId, activeOrganizationId: clientId }))
        ]).pipe(Effect.provide(layer))
        const outcomes = new Set(exits.map(outcomeOf))
        outcomes.delete("value")
        outcomes.delete("InvalidRequest")
        deepStrictEqual([...outcomes], [])
        for (const { body, method, url } of requests) {
          assert.strictEqual(`${url.origin}${url.pathname}${url.hash}`, `${apiUrl}/v1/sessions`)
          deepStrictEqual(
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
const schemes = ["https://", "http://", "HTTPS://", "https:", "https:\\\\", "ws://", "file://", "//", ""]
const paths = ["", "/", "/v1", "/v1/", "/proxy/", "/proxy/../..", "/%2e%2e/", "\\x", "?a=b", "#c", "/a b"]

const apiUrls = FastCheck.oneof(
  hostile,
  FastCheck.webUrl({ withFragments: true, withQueryParameters: true }),
  FastCheck.tuple(
    FastCheck.constantFrom(...schemes),
    FastCheck.constantFrom("", "", "", "user:pass@", "@"),
    FastCheck.constantFrom(...hosts),
    FastCheck.constantFrom(...paths),
    hostile
  ).map((parts) => parts.join(""))
)

describe("an apiUrl", () => {
  it.effect("is refused unquoted, or gets the secret key encrypted or on a loopback host", () =>
    forAll(apiUrls, 6 * cases, (apiUrl) =>
      Effect.gen(function* () {
        const settings = yield* Effect.either(
          ClerkConfig.make({ secretKey: Redacted.make(Wire.secretKey), apiUrl })
        )
        if (Either.isLeft(settings)) {
          // The message gives an example.
          const message = String(settings.left).replace("https://api.clerk.com", "")
          assert.include(message, "apiUrl")
          assert.isFalse(apiUrl.length > 8 && message.includes(apiUrl), message)
          return
        }
        const { client, requests } = Mock.clerk()
        yield* Sessions.get("sess_1").pipe(
          Effect.provideService(HttpClient.HttpClient, client),
          Effect.provideService(ClerkConfig.ClerkConfig, settings.right)
        )
        const parsed = new URL(apiUrl)
        const base = parsed.pathname.replace(/\/+$/, "").replace(/\/v1$/, "")
        deepStrictEqual(
          requests.map(({ url }) => url.href),
          [`${parsed.origin}${base}/v1/sessions/sess_1`]
        )
        assert.strictEqual(parsed.username + parsed.password + parsed.search + parsed.hash, "")
        const isLoopback = /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(parsed.hostname)
        assert.isTrue(parsed.protocol === "https:" || (parsed.protocol === "http:" && isLoopback), apiUrl)
      })
    )
  )
})
