import type { HttpClient } from "@effect/platform/HttpClient"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { type ClerkConfig, ClerkError, Sessions } from "effect-clerk"
import * as Arbitrary from "effect/Arbitrary"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"

import * as Stub from "./utils/stub.js"

type Call = Effect.Effect<unknown, ClerkError.ClerkError, HttpClient | ClerkConfig.ClerkConfig>

const failure = (call: Call, answer: Response) =>
  Effect.flip(call).pipe(Effect.provide(Stub.make(() => answer, { retry: Schedule.stop }).layer))

const documents404: ReadonlyArray<Call> = [
  Sessions.create({ userId: "user_1" }),
  Sessions.get("sess_1"),
  Sessions.revoke("sess_1"),
  Sessions.createToken("sess_1"),
  Sessions.createTokenFromTemplate("sess_1", "hasura")
]

const undocumented404: ReadonlyArray<Call> = [
  Sessions.list({ userId: "user_1" }),
  Sessions.listPage({ userId: "user_1" }),
  Sessions.refresh("sess_1", { expiredToken: "a", refreshToken: "b", requestOrigin: "https://example.com" })
]

const bodies = {
  envelope: JSON.stringify(Stub.envelope("some_code")),
  html: "<html><body>Bad gateway</body></html>",
  empty: "",
  cut: '{"errors":[{"code":"some',
  otherJson: '{"error":"nope"}'
}

type Tags = readonly [withEnvelope: ClerkError.ClerkError["_tag"], without: ClerkError.ClerkError["_tag"]]

const statuses: ReadonlyArray<readonly [status: number, documented: Tags, undocumented: Tags]> = [
  [301, ["ApiError", "ApiError"], ["ApiError", "ApiError"]],
  [304, ["ApiError", "ApiError"], ["ApiError", "ApiError"]],
  [400, ["ClerkErrors", "ApiError"], ["ClerkErrors", "ApiError"]],
  [401, ["Unauthorized", "Unauthorized"], ["Unauthorized", "Unauthorized"]],
  [403, ["ClerkErrors", "ApiError"], ["ClerkErrors", "ApiError"]],
  [404, ["NotFound", "NotFound"], ["ClerkErrors", "ApiError"]],
  [408, ["ClerkErrors", "ApiError"], ["ClerkErrors", "ApiError"]],
  [409, ["ClerkErrors", "ApiError"], ["ClerkErrors", "ApiError"]],
  [422, ["ClerkErrors", "ApiError"], ["ClerkErrors", "ApiError"]],
  [429, ["RateLimited", "RateLimited"], ["RateLimited", "RateLimited"]],
  [500, ["ApiError", "ApiError"], ["ApiError", "ApiError"]],
  [503, ["ApiError", "ApiError"], ["ApiError", "ApiError"]]
]

describe("the status decides the tag", () => {
  for (const [status, documented, undocumented] of statuses) {
    it.effect(String(status), () =>
      Effect.gen(function* () {
        for (const [calls, [withEnvelope, without]] of [
          [documents404, documented],
          [undocumented404, undocumented]
        ] as const) {
          for (const call of calls) {
            for (const [name, body] of Object.entries(bodies)) {
              const isEmpty = status === 304
              const error = yield* failure(call, new Response(isEmpty ? null : body, { status }))
              assert.strictEqual(error._tag, name === "envelope" && !isEmpty ? withEnvelope : without, name)
              assert("status" in error)
              assert.strictEqual(error.status, status)
            }
          }
        }
      })
    )
  }
})

describe("what an error tells", () => {
  it.effect("every entry of the envelope", () =>
    Effect.gen(function* () {
      const error = yield* failure(
        Sessions.create({ userId: "user_1" }),
        Stub.json(
          {
            errors: [
              {
                code: "a",
                message: "first",
                long_message: "first of all",
                meta: { param_name: "user_id", n: [1] }
              },
              { code: 42, message: null, meta: null },
              { long_message: "alone" },
              {},
              "not an entry",
              null
            ],
            meta: { note: "envelope" },
            clerk_trace_id: "trace_body"
          },
          422,
          { "clerk-trace-id": "trace_header", "cf-ray": "ray" }
        )
      )
      assert(error._tag === "ClerkErrors")
      deepStrictEqual(error.errors, [
        {
          code: "a",
          message: "first",
          longMessage: Option.some("first of all"),
          meta: { param_name: "user_id", n: [1] }
        },
        { code: "42", message: "", longMessage: Option.none(), meta: {} },
        { code: "", message: "", longMessage: Option.some("alone"), meta: {} },
        { code: "", message: "", longMessage: Option.none(), meta: {} }
      ])
      deepStrictEqual(error.traceId, Option.some("trace_body"))
      deepStrictEqual(error.meta, { note: "envelope" })
      assert.strictEqual(error.operation, "Sessions.create")
      assert.strictEqual(error.method, "POST")
      assert.strictEqual(error.path, "/v1/sessions")
      assert.strictEqual(
        error.message,
        "Sessions.create (POST /v1/sessions): 422 a first (parameter user_id) (+3 more) [trace trace_body]; change the request before you send it again"
      )
    })
  )

  it.effect("the trace id from the headers where the body has none", () =>
    Effect.gen(function* () {
      const traceId = (headers: HeadersInit) =>
        Effect.map(failure(Sessions.get("a"), Stub.json({ errors: [] }, 400, headers)), (error) =>
          "traceId" in error ? Option.getOrUndefined(error.traceId) : "no field"
        )
      assert.strictEqual(yield* traceId({ "clerk-trace-id": "trace", "cf-ray": "ray" }), "trace")
      assert.strictEqual(yield* traceId({ "cf-ray": "ray" }), "ray")
      assert.strictEqual(yield* traceId({}), undefined)
    })
  )

  it.effect("the path without the query", () =>
    Effect.gen(function* () {
      const error = yield* failure(Sessions.list({ userId: "user_1" }), Stub.json(Stub.envelope("a"), 400))
      assert.strictEqual(error.path, "/v1/sessions")
    })
  )

  it.effect("the first 1000 characters of a body that is not Clerk's", () =>
    Effect.gen(function* () {
      const error = yield* failure(Sessions.get("a"), new Response("x".repeat(5000), { status: 502 }))
      assert(error._tag === "ApiError")
      assert.strictEqual(error.body, "x".repeat(1000))
    })
  )

  it.effect("no part of a secret at the edge of what is read", () =>
    Effect.gen(function* () {
      const expiredToken = "s3cr3t".repeat(200)
      const params = { expiredToken, refreshToken: "refresh", requestOrigin: "https://example.com" }
      const error = yield* failure(
        Sessions.refresh("a", params),
        new Response(expiredToken.repeat(1000), { status: 502 })
      )
      assert(error._tag === "ApiError")
      assert.match(error.body, /^(<redacted>)+/)
      assert.notInclude(error.body, "s3cr3t")
    })
  )

  it.effect("what to do next", () =>
    Effect.gen(function* () {
      const message = (call: Call, answer: Response) =>
        Effect.map(failure(call, answer), (error) => error.message)
      const get = Sessions.get("a")
      assert.match(yield* message(get, Stub.json(Stub.envelope("b"), 401)), /check that the secret key/)
      const refresh = Sessions.refresh("a", { expiredToken: "a", refreshToken: "b", requestOrigin: "c" })
      assert.match(yield* message(refresh, Stub.json(Stub.envelope("b"), 401)), /start the handshake flow/)
      assert.match(
        yield* message(get, new Response(null, { status: 302 })),
        /redirects are not followed; check the apiUrl setting/
      )
      assert.match(yield* message(get, Stub.json({}, 429, { "retry-after": "3" })), /retry after 3s/)
      assert.match(
        yield* message(get, Stub.json({ ...Stub.wireSession, status: 1 })),
        /: status: expected .*got a number/
      )
    })
  )

  it.effect("in one line, whatever the server said", () =>
    Effect.gen(function* () {
      const error = yield* failure(Sessions.get("a"), Stub.json(Stub.envelope("a", "one\ntwo\r\nthree"), 400))
      assert.match(error.message, /one two three/)
      assert.notMatch(error.message, /[\r\n]/)
    })
  )
})

describe("where a success does not fit", () => {
  const cases: ReadonlyArray<readonly [unknown, string]> = [
    ["", "expected"],
    [[], "expected"],
    [null, "expected"],
    [{ ...Stub.wireSession, id: "" }, "id: expected"],
    [{ ...Stub.wireSession, expire_at: "tomorrow" }, "expire_at: expected number, got a string"],
    [{ ...Stub.wireSession, expire_at: 1.5 }, "expire_at: expected"],
    [{ ...Stub.wireSession, expire_at: 8.64e15 + 1 }, "expire_at: expected"],
    [
      { ...Stub.wireSession, latest_activity: { id: "a", object: "b" } },
      "latest_activity.is_mobile: is missing"
    ],
    [{ ...Stub.wireSession, object: "user" }, 'object: expected "session", got a string']
  ]
  for (const [body, detail] of cases) {
    it.effect(detail, () =>
      Effect.gen(function* () {
        const error = yield* failure(Sessions.get("a"), Stub.json(body))
        assert(error._tag === "DecodeError")
        assert.isTrue(error.detail.startsWith(detail), error.detail)
      })
    )
  }

  it.effect("names the row of a list", () =>
    Effect.gen(function* () {
      const rows = [Stub.wireSession, { ...Stub.wireSession, user_id: 7 }]
      for (const [body, path] of [
        [rows, "[1].user_id"],
        [{ data: rows, total_count: 2 }, "data[1].user_id"]
      ] as const) {
        const error = yield* failure(Sessions.list({ userId: "a" }), Stub.json(body))
        assert(error._tag === "DecodeError")
        assert.strictEqual(error.detail, `${path}: expected string, got a number`)
      }
    })
  )

  it.effect("tokens and cookies must be what was asked for", () =>
    Effect.gen(function* () {
      const params = { expiredToken: "a", refreshToken: "b", requestOrigin: "c" }
      const asToken = yield* failure(
        Sessions.refresh("a", params),
        Stub.json({ object: "cookies", cookies: ["a"] })
      )
      const asCookies = yield* failure(
        Sessions.refresh("a", { ...params, format: "cookie" }),
        Stub.json(Stub.wireToken)
      )
      const empty = yield* failure(Sessions.createToken("a"), Stub.json({ object: "token", jwt: "" }))
      const none = yield* failure(Sessions.createToken("a"), Stub.json({ object: "token" }))
      deepStrictEqual(
        [asToken, asCookies, empty, none].map((error) => error._tag),
        ["DecodeError", "DecodeError", "DecodeError", "DecodeError"]
      )
    })
  )

  it.effect("an envelope with status 200 is no success", () =>
    Effect.gen(function* () {
      const error = yield* failure(Sessions.get("a"), Stub.json(Stub.envelope("a")))
      assert.strictEqual(error._tag, "DecodeError")
    })
  )

  it.effect("no JSON at all", () =>
    Effect.gen(function* () {
      const error = yield* failure(Sessions.get("a"), new Response("<html>", { status: 200 }))
      assert(error._tag === "DecodeError")
      assert.strictEqual(error.detail, "the body is not JSON")
    })
  )
})

describe("Retry-After", () => {
  const cases: ReadonlyArray<readonly [string, Option.Option<Duration.DurationInput>]> = [
    ["3", Option.some("3 seconds")],
    ["0", Option.some(0)],
    ["0.25", Option.some(250)],
    [" 7 ", Option.some("7 seconds")],
    ["Thu, 01 Jan 1970 00:01:00 GMT", Option.some("40 seconds")],
    ["Thursday, 01-Jan-70 00:01:00 GMT", Option.some("40 seconds")],
    ["Thu, 01 Jan 1970 00:00:10 GMT", Option.some(0)],
    ["-5", Option.none()],
    ["soon", Option.none()],
    ["1, 2", Option.none()],
    ["", Option.none()],
    ["9".repeat(400), Option.some(Number.MAX_SAFE_INTEGER)]
  ]
  for (const [value, expected] of cases) {
    it.effect(JSON.stringify(value.slice(0, 40)), () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(20_000)
        for (const status of [429, 503]) {
          const error = yield* failure(Sessions.get("a"), Stub.json({}, status, { "retry-after": value }))
          deepStrictEqual(
            Option.map(ClerkError.retryAfter(error), Duration.toMillis),
            Option.map(expected, Duration.toMillis)
          )
        }
      })
    )
  }
})

describe("the errors as values", () => {
  it("can be encoded to JSON and back", () => {
    const roundTrip = Schema.parseJson(ClerkError.ClerkError)
    const example = new ClerkError.RateLimited({
      operation: "Sessions.get",
      method: "GET",
      path: "/v1/sessions/a",
      errors: [
        { code: "a", message: "b", longMessage: Option.some("c"), meta: { d: [1, null, { e: "f" }] } }
      ],
      traceId: Option.some("trace"),
      retryAfter: Option.some(Duration.seconds(3))
    })
    deepStrictEqual(Schema.decodeSync(roundTrip)(Schema.encodeSync(roundTrip)(example)), example)
  })

  it("have defaults for what a test does not care for", () => {
    const error = new ClerkError.NotFound({
      operation: "Sessions.get",
      method: "GET",
      path: "/v1/sessions/a"
    })
    assert.strictEqual(error.status, 404)
    deepStrictEqual(error.errors, [])
    assert.strictEqual(
      error.message,
      "Sessions.get (GET /v1/sessions/a): 404; check the id, and that the secret key belongs to the same instance"
    )
  })

  it("always have a message of one line", () => {
    FastCheck.assert(
      FastCheck.property(Arbitrary.make(ClerkError.ClerkError), (error) => {
        assert.isTrue(error.message.startsWith(error.operation.replaceAll(/\s+/g, " ")))
        assert.notMatch(error.message, /[\r\n]/)
      })
    )
  })
})
