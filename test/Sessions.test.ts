import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Session, Sessions } from "effect-clerk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

import * as Mock from "./support/mock.js"
import { type Call, operations, outcomeOf } from "./support/operations.js"
import * as Wire from "./support/wire.js"

const session = Schema.decodeUnknownSync(Session.Session)(Wire.session)

/** Runs a call whose one request gets this response, and returns its value and the request. */
const run = (call: Call, response: unknown) =>
  Effect.gen(function* () {
    const { layer, requests } = Mock.make(() => Mock.json(response))
    const value = yield* call.pipe(Effect.provide(layer))
    assert.strictEqual(requests.length, 1)
    const [request] = requests
    assert(request !== undefined)
    const { body, headers, method, target } = request
    return { value, headers, line: `${method} ${target}`, body: body === "" ? undefined : JSON.parse(body) }
  })

/** Encodes a value: an assertion takes all redacted values for equal. */
const encode = <A, I>(schema: Schema.Schema<A, I>, value: unknown): unknown =>
  Schema.encodeUnknownSync(schema)(value)

const refreshParams = {
  expiredToken: Redacted.make("expired"),
  refreshToken: "refresh",
  requestOrigin: "https://example.com"
}

describe("an operation sends a request and decodes the response", () => {
  it.effect("list", () =>
    Effect.gen(function* () {
      const { body, line, value } = yield* run(
        Sessions.list({ clientId: "client_1", userId: "user_1", status: "active", limit: 500, offset: 0 }),
        [Wire.session]
      )
      assert.strictEqual(
        line,
        "GET /v1/sessions?client_id=client_1&user_id=user_1&status=active&limit=500&offset=0"
      )
      assert.strictEqual(body, undefined)
      deepStrictEqual(value, [session])
    })
  )

  it.effect("list without parameters, and with parameters that are undefined", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* run(Sessions.list(), [])).line, "GET /v1/sessions")
      assert.strictEqual(
        (yield* run(Sessions.list({ userId: "user_1", clientId: undefined, limit: undefined }), [])).line,
        "GET /v1/sessions?user_id=user_1"
      )
    })
  )

  it.effect("list with a status that is not documented", () =>
    Effect.gen(function* () {
      const { line } = yield* run(Sessions.list({ userId: "user_1", status: "some new one" }), [])
      assert.strictEqual(line, "GET /v1/sessions?user_id=user_1&status=some+new+one")
    })
  )

  it.effect("list decodes an array and both forms of a page", () =>
    Effect.gen(function* () {
      for (const response of [
        [Wire.session],
        { data: [Wire.session], total_count: 7 },
        { data: [Wire.session], total_count: 7, has_more: true, cursor: null }
      ]) {
        deepStrictEqual((yield* run(Sessions.list({ userId: "user_1" }), response)).value, [session])
      }
    })
  )

  it.effect("listPage", () =>
    Effect.gen(function* () {
      const page = Sessions.listPage({ userId: "user_1", limit: 1 })
      const { line, value } = yield* run(page, { data: [Wire.session], total_count: 7, has_more: true })
      assert.strictEqual(line, "GET /v1/sessions?user_id=user_1&limit=1&paginated=true")
      deepStrictEqual(value, { data: [session], totalCount: Option.some(7) })
      deepStrictEqual((yield* run(page, [Wire.session])).value, {
        data: [session],
        totalCount: Option.none()
      })
    })
  )

  it.effect("create", () =>
    Effect.gen(function* () {
      const { body, line, value } = yield* run(
        Sessions.create({ userId: "user_1", activeOrganizationId: "org_1" }),
        Wire.session
      )
      assert.strictEqual(line, "POST /v1/sessions")
      deepStrictEqual(body, { user_id: "user_1", active_organization_id: "org_1" })
      deepStrictEqual(value, session)
      const alone = yield* run(Sessions.create({ userId: "user_1" }), Wire.session)
      deepStrictEqual(alone.body, { user_id: "user_1" })
    })
  )

  it.effect("get", () =>
    Effect.gen(function* () {
      const { body, line, value } = yield* run(Sessions.get("sess_1"), Wire.session)
      assert.strictEqual(line, "GET /v1/sessions/sess_1")
      assert.strictEqual(body, undefined)
      deepStrictEqual(value, session)
    })
  )

  it.effect("refresh to a token", () =>
    Effect.gen(function* () {
      const { body, line, value } = yield* run(Sessions.refresh("sess_1", refreshParams), Wire.token)
      assert.strictEqual(line, "POST /v1/sessions/sess_1/refresh")
      deepStrictEqual(body, {
        expired_token: "expired",
        refresh_token: "refresh",
        request_origin: "https://example.com"
      })
      deepStrictEqual(encode(Session.SessionToken, value), Wire.token)
    })
  )

  it.effect("refresh to cookies, with every parameter", () =>
    Effect.gen(function* () {
      const { body, line, value } = yield* run(
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
      deepStrictEqual(body, {
        expired_token: "expired",
        refresh_token: "refresh",
        request_origin: "https://example.com",
        request_headers: { "user-agent": ["a"], cookie: ["b", "c"] },
        request_originating_ip: "203.0.113.7",
        format: "cookie"
      })
      deepStrictEqual(encode(Session.SessionCookies, value), {
        object: "cookies",
        cookies: ["__session=a; Path=/", "__client=b"]
      })
    })
  )

  it.effect("revoke, without a body", () =>
    Effect.gen(function* () {
      const { body, headers, line, value } = yield* run(Sessions.revoke("sess_1"), {
        ...Wire.session,
        status: "revoked"
      })
      assert.strictEqual(line, "POST /v1/sessions/sess_1/revoke")
      assert.strictEqual(body, undefined)
      assert.strictEqual(headers["content-type"], undefined)
      deepStrictEqual(value, { ...session, status: "revoked" })
    })
  )

  it.effect("createToken, with a lifetime and without", () =>
    Effect.gen(function* () {
      const { body, line, value } = yield* run(
        Sessions.createToken("sess_1", { expiresIn: "10 minutes" }),
        Wire.token
      )
      assert.strictEqual(line, "POST /v1/sessions/sess_1/tokens")
      deepStrictEqual(body, { expires_in_seconds: 600 })
      deepStrictEqual(encode(Session.SessionToken, value), Wire.token)
      for (const options of [undefined, {}, { expiresIn: undefined }]) {
        const bare = yield* run(Sessions.createToken("sess_1", options), { jwt: Wire.token.jwt })
        assert.strictEqual(bare.body, undefined)
        assert.strictEqual(bare.headers["content-type"], undefined)
      }
    })
  )

  it.effect("createTokenFromTemplate encodes ids and names as path segments", () =>
    Effect.gen(function* () {
      const { body, line } = yield* run(
        Sessions.createTokenFromTemplate("sess/../1", "my template v1.2", { expiresIn: 30_000 }),
        Wire.token
      )
      assert.strictEqual(line, "POST /v1/sessions/sess%2F..%2F1/tokens/my%20template%20v1.2")
      deepStrictEqual(body, { expires_in_seconds: 30 })
    })
  )

  it.effect("with the same headers for all", () =>
    Effect.gen(function* () {
      const get = yield* run(Sessions.get("sess_1"), Wire.session)
      const common = {
        accept: "application/json",
        "accept-encoding": "identity",
        authorization: `Bearer ${Wire.secretKey}`,
        "clerk-api-version": "2026-05-12",
        "user-agent": "effect-clerk/0.1.0"
      }
      deepStrictEqual(get.headers, common)
      const create = yield* run(Sessions.create({ userId: "user_1" }), Wire.session)
      deepStrictEqual(create.headers, {
        ...common,
        "content-type": "application/json",
        "content-length": "20"
      })
    })
  )

  it.effect("whatever the parameters of the media type", () =>
    Effect.gen(function* () {
      const mock = Mock.make(() =>
        Mock.json(Wire.session, 200, { "content-type": "application/json; charset=utf-8" })
      )
      deepStrictEqual(yield* Sessions.get("sess_1").pipe(Effect.provide(mock.layer)), session)
    })
  )

  it.effect("with timestamps as UTC dates", () =>
    Effect.gen(function* () {
      const { value } = yield* run(Sessions.get("sess_1"), Wire.session)
      assert.strictEqual(
        DateTime.formatIso(Schema.decodeUnknownSync(Schema.typeSchema(Session.Session))(value).createdAt),
        "2023-11-14T22:13:19.999Z"
      )
    })
  )
})

describe("a filter of sessions", () => {
  // What callers without types pass.
  const untyped = (params: object) => params as Sessions.ListParams
  const calls = (params: object): ReadonlyArray<readonly [string, Call]> => [
    ["list", Sessions.list(untyped(params))],
    ["listPage", Sessions.listPage(untyped(params))],
    ["stream", Stream.runCollect(Sessions.stream(untyped(params)))]
  ]

  for (const [name, params] of [
    ["a userId that is undefined", { userId: undefined }],
    ["a clientId that is undefined", { clientId: undefined }],
    ["both undefined", { userId: undefined, clientId: undefined, status: "active" }],
    ["an empty userId", { userId: "" }],
    ["an empty clientId beside a userId", { userId: "user_1", clientId: "" }]
  ] as const) {
    it.effect(`is refused with ${name}`, () =>
      Effect.gen(function* () {
        for (const [operation, call] of calls(params)) {
          const { layer, requests } = Mock.clerk()
          const exit = yield* Effect.exit(call).pipe(Effect.provide(layer))
          deepStrictEqual([outcomeOf(exit), requests.length], ["InvalidRequest", 0], operation)
        }
      })
    )
  }

  it.effect("is required by listPage and stream", () =>
    Effect.gen(function* () {
      for (const [operation, call] of calls({ status: "active" }).slice(1)) {
        const { layer, requests } = Mock.clerk()
        const exit = yield* Effect.exit(call).pipe(Effect.provide(layer))
        deepStrictEqual([outcomeOf(exit), requests.length], ["InvalidRequest", 0], operation)
      }
    })
  )

  it.effect("may be left out of list on purpose", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* run(Sessions.list(), [])).line, "GET /v1/sessions")
      const active = yield* run(Sessions.list(untyped({ status: "active" })), [])
      assert.strictEqual(active.line, "GET /v1/sessions?status=active")
    })
  )

  it.effect("may have one part that is undefined", () =>
    Effect.gen(function* () {
      for (const [operation, call] of calls({ userId: "user_1", clientId: undefined })) {
        const { layer, requests } = Mock.clerk()
        yield* call.pipe(Effect.provide(layer))
        assert.match(requests[0]?.target ?? "", /^\/v1\/sessions\?user_id=user_1/, operation)
      }
    })
  )
})

describe("an operation as a value", () => {
  it.effect("can be run twice", () =>
    Effect.gen(function* () {
      const { layer, requests } = Mock.clerk()
      for (const { call, name } of operations) {
        const twice = call()
        yield* Effect.zip(twice, twice).pipe(Effect.provide(layer))
        assert.strictEqual(requests.length, 2, name)
        requests.length = 0
      }
    })
  )
})
