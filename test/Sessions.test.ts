import type { HttpClient } from "@effect/platform/HttpClient"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { type ClerkConfig, type ClerkError, Session, Sessions } from "effect-clerk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

import * as Stub from "./utils/stub.js"

type Call = Effect.Effect<unknown, ClerkError.ClerkError, HttpClient | ClerkConfig.ClerkConfig>

const session = Schema.decodeUnknownSync(Session.Session)(Stub.wireSession)

const sent = (call: Call, answer: unknown) =>
  Effect.gen(function* () {
    const stub = Stub.make(() => Stub.json(answer))
    const value = yield* call.pipe(Effect.provide(stub.layer))
    assert.strictEqual(stub.seen.length, 1)
    const [seen] = stub.seen
    assert(seen !== undefined)
    return { value, seen, line: `${seen.method} ${seen.url.pathname}${seen.url.search}` }
  })

/** On the wire again: redacted values are all equal to an assertion. */
const revealed = <A, I>(schema: Schema.Schema<A, I>, value: unknown): unknown =>
  Schema.encodeUnknownSync(schema)(value)

const refreshParams = {
  expiredToken: Redacted.make("expired"),
  refreshToken: "refresh",
  requestOrigin: "https://example.com"
}

describe("what is sent and what comes back", () => {
  it.effect("list", () =>
    Effect.gen(function* () {
      const { line, seen, value } = yield* sent(
        Sessions.list({ clientId: "client_1", userId: "user_1", status: "active", limit: 500, offset: 0 }),
        [Stub.wireSession]
      )
      assert.strictEqual(
        line,
        "GET /v1/sessions?client_id=client_1&user_id=user_1&status=active&limit=500&offset=0"
      )
      assert.strictEqual(seen.body, undefined)
      deepStrictEqual(value, [session])
    })
  )

  it.effect("list without parameters, and with those that are undefined", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* sent(Sessions.list(), [])).line, "GET /v1/sessions")
      assert.strictEqual(
        (yield* sent(Sessions.list({ userId: "user_1", clientId: undefined, limit: undefined }), [])).line,
        "GET /v1/sessions?user_id=user_1"
      )
    })
  )

  it.effect("list takes a status that is not documented", () =>
    Effect.gen(function* () {
      const { line } = yield* sent(Sessions.list({ userId: "user_1", status: "some new one" }), [])
      assert.strictEqual(line, "GET /v1/sessions?user_id=user_1&status=some+new+one")
    })
  )

  it.effect("list takes every shape of a list answer", () =>
    Effect.gen(function* () {
      for (const answer of [
        [Stub.wireSession],
        { data: [Stub.wireSession], total_count: 7 },
        { data: [Stub.wireSession], total_count: 7, has_more: true, cursor: null }
      ]) {
        deepStrictEqual((yield* sent(Sessions.list({ userId: "user_1" }), answer)).value, [session])
      }
    })
  )

  it.effect("listPage", () =>
    Effect.gen(function* () {
      const page = Sessions.listPage({ userId: "user_1", limit: 1 })
      const { line, value } = yield* sent(page, { data: [Stub.wireSession], total_count: 7, has_more: true })
      assert.strictEqual(line, "GET /v1/sessions?user_id=user_1&limit=1&paginated=true")
      deepStrictEqual(value, { data: [session], totalCount: Option.some(7) })
      deepStrictEqual((yield* sent(page, [Stub.wireSession])).value, {
        data: [session],
        totalCount: Option.none()
      })
    })
  )

  it.effect("create", () =>
    Effect.gen(function* () {
      const { line, seen, value } = yield* sent(
        Sessions.create({ userId: "user_1", activeOrganizationId: "org_1" }),
        Stub.wireSession
      )
      assert.strictEqual(line, "POST /v1/sessions")
      deepStrictEqual(seen.body, { user_id: "user_1", active_organization_id: "org_1" })
      deepStrictEqual(value, session)
      const alone = yield* sent(Sessions.create({ userId: "user_1" }), Stub.wireSession)
      deepStrictEqual(alone.seen.body, { user_id: "user_1" })
    })
  )

  it.effect("get", () =>
    Effect.gen(function* () {
      const { line, seen, value } = yield* sent(Sessions.get("sess_1"), Stub.wireSession)
      assert.strictEqual(line, "GET /v1/sessions/sess_1")
      assert.strictEqual(seen.body, undefined)
      deepStrictEqual(value, session)
    })
  )

  it.effect("refresh to a token", () =>
    Effect.gen(function* () {
      const { line, seen, value } = yield* sent(Sessions.refresh("sess_1", refreshParams), Stub.wireToken)
      assert.strictEqual(line, "POST /v1/sessions/sess_1/refresh")
      deepStrictEqual(seen.body, {
        expired_token: "expired",
        refresh_token: "refresh",
        request_origin: "https://example.com"
      })
      deepStrictEqual(revealed(Session.SessionToken, value), Stub.wireToken)
    })
  )

  it.effect("refresh to cookies, with everything it takes", () =>
    Effect.gen(function* () {
      const { line, seen, value } = yield* sent(
        Sessions.refresh("sess_1", {
          ...refreshParams,
          requestHeaders: { "user-agent": "a", cookie: ["b", "c"] },
          requestOriginatingIp: "203.0.113.7",
          format: "cookie",
          suffixedCookies: false
        }),
        { object: "cookies", cookies: ["__session=a; Path=/", "__client=b"] }
      )
      assert.strictEqual(line, "POST /v1/sessions/sess_1/refresh?suffixed_cookies=false")
      deepStrictEqual(seen.body, {
        expired_token: "expired",
        refresh_token: "refresh",
        request_origin: "https://example.com",
        request_headers: { "user-agent": ["a"], cookie: ["b", "c"] },
        request_originating_ip: "203.0.113.7",
        format: "cookie"
      })
      deepStrictEqual(revealed(Session.SessionCookies, value), {
        object: "cookies",
        cookies: ["__session=a; Path=/", "__client=b"]
      })
    })
  )

  it.effect("revoke sends no body", () =>
    Effect.gen(function* () {
      const { line, seen, value } = yield* sent(Sessions.revoke("sess_1"), {
        ...Stub.wireSession,
        status: "revoked"
      })
      assert.strictEqual(line, "POST /v1/sessions/sess_1/revoke")
      assert.strictEqual(seen.body, undefined)
      assert.strictEqual(seen.headers["content-type"], undefined)
      deepStrictEqual(value, { ...session, status: "revoked" })
    })
  )

  it.effect("createToken, with a lifetime in any unit and without", () =>
    Effect.gen(function* () {
      const { line, seen, value } = yield* sent(
        Sessions.createToken("sess_1", { expiresIn: "10 minutes" }),
        Stub.wireToken
      )
      assert.strictEqual(line, "POST /v1/sessions/sess_1/tokens")
      deepStrictEqual(seen.body, { expires_in_seconds: 600 })
      deepStrictEqual(revealed(Session.SessionToken, value), Stub.wireToken)
      for (const options of [undefined, {}, { expiresIn: undefined }]) {
        const bare = yield* sent(Sessions.createToken("sess_1", options), { jwt: Stub.wireToken.jwt })
        assert.strictEqual(bare.seen.body, undefined)
        assert.strictEqual(bare.seen.headers["content-type"], undefined)
      }
    })
  )

  it.effect("createTokenFromTemplate encodes ids and names as path segments", () =>
    Effect.gen(function* () {
      const { line, seen } = yield* sent(
        Sessions.createTokenFromTemplate("sess/../1", "my template v1.2", { expiresIn: 30_000 }),
        Stub.wireToken
      )
      assert.strictEqual(line, "POST /v1/sessions/sess%2F..%2F1/tokens/my%20template%20v1.2")
      deepStrictEqual(seen.body, { expires_in_seconds: 30 })
    })
  )

  it.effect("the headers of every request", () =>
    Effect.gen(function* () {
      const get = yield* sent(Sessions.get("sess_1"), Stub.wireSession)
      const common = {
        accept: "application/json",
        "accept-encoding": "identity",
        authorization: `Bearer ${Stub.secretKey}`,
        "clerk-api-version": "2026-05-12",
        "user-agent": "effect-clerk/0.1.0"
      }
      deepStrictEqual(get.seen.headers, common)
      const create = yield* sent(Sessions.create({ userId: "user_1" }), Stub.wireSession)
      deepStrictEqual(create.seen.headers, {
        ...common,
        "content-type": "application/json",
        "content-length": "20"
      })
    })
  )

  it.effect("the parameters of the media type do not matter", () =>
    Effect.gen(function* () {
      const stub = Stub.make(() =>
        Stub.json(Stub.wireSession, 200, { "content-type": "application/json; charset=utf-8" })
      )
      deepStrictEqual(yield* Sessions.get("sess_1").pipe(Effect.provide(stub.layer)), session)
    })
  )

  it.effect("timestamps are UTC dates", () =>
    Effect.gen(function* () {
      const { value } = yield* sent(Sessions.get("sess_1"), Stub.wireSession)
      assert.strictEqual(
        DateTime.formatIso(Schema.decodeUnknownSync(Schema.typeSchema(Session.Session))(value).createdAt),
        "2023-11-14T22:13:19.999Z"
      )
    })
  )
})

describe("arguments refused before anything is sent", () => {
  const list = (params: object): Call => Sessions.list({ userId: "user_1", ...params })
  const expiresIn = (value: never): Call => Sessions.createToken("sess_1", { expiresIn: value })
  // What untyped callers pass.
  const wrong = (value: unknown) => value as never

  const cases: ReadonlyArray<readonly [string, Call, string]> = [
    ["an empty id", Sessions.get(""), "sessionId"],
    ["a dot as id", Sessions.get("."), "sessionId"],
    ["two dots as id", Sessions.revoke(".."), "sessionId"],
    ["a lone surrogate in an id", Sessions.get("a\ud800"), "sessionId"],
    ["undefined as id", Sessions.get(wrong(undefined)), "sessionId"],
    ["a number as id", Sessions.get(wrong(1)), "sessionId"],
    ["an array as id", Sessions.get(wrong(["a"])), "sessionId"],
    ["two dots as template", Sessions.createTokenFromTemplate("sess_1", ".."), "templateName"],
    ["an empty template", Sessions.createTokenFromTemplate("sess_1", ""), "templateName"],
    ["an empty user, which would list everybody's", list({ userId: "" }), "userId"],
    ["an empty client", list({ clientId: "" }), "clientId"],
    ["a limit of 0", list({ limit: 0 }), "limit"],
    ["a limit of 501", list({ limit: 501 }), "limit"],
    ["a fractional limit", list({ limit: 1.5 }), "limit"],
    ["NaN as limit", list({ limit: Number.NaN }), "limit"],
    ["a string as limit", list({ limit: "10" }), "limit"],
    ["a negative offset", list({ offset: -1 }), "offset"],
    ["null as list parameters", Sessions.list(wrong(null)), "expected an object"],
    ["no user to create for", Sessions.create(wrong({})), "userId"],
    ["an object as user", Sessions.create(wrong({ userId: {} })), "userId"],
    ["29 seconds", expiresIn(wrong("29 seconds")), "expiresIn"],
    ["half a second too much", expiresIn(wrong(30_500)), "expiresIn"],
    ["more than ten years", expiresIn(wrong("315360001 seconds")), "expiresIn"],
    ["for ever", expiresIn(wrong(Number.POSITIVE_INFINITY)), "expiresIn"],
    ["NaN as lifetime", expiresIn(wrong(Number.NaN)), "expiresIn"],
    ["no duration at all", expiresIn(wrong("soon")), "expiresIn"],
    ["null as token options", Sessions.createToken("sess_1", wrong(null)), "expected an object"],
    ["null as refresh parameters", Sessions.refresh("sess_1", wrong(null)), "expected an object"],
    [
      "no refresh token",
      Sessions.refresh("sess_1", wrong({ ...refreshParams, refreshToken: undefined })),
      "refreshToken"
    ],
    ["an unknown format", Sessions.refresh("sess_1", wrong({ ...refreshParams, format: "xml" })), "format"],
    [
      "a header that is a number",
      Sessions.refresh("sess_1", wrong({ ...refreshParams, requestHeaders: { a: 1 } })),
      "requestHeaders"
    ],
    [
      "a string for a flag",
      Sessions.refresh("sess_1", wrong({ ...refreshParams, suffixedCookies: "no" })),
      "suffixedCookies"
    ]
  ]

  for (const [name, call, parameter] of cases) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const stub = Stub.make(() => Stub.json(Stub.wireSession))
        const error = yield* Effect.flip(call).pipe(Effect.provide(stub.layer))
        assert(error._tag === "InvalidRequest")
        assert.match(error.detail, new RegExp(`^${parameter}`))
        deepStrictEqual(stub.seen, [])
      })
    )
  }
})
