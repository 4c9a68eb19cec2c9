import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { ClerkError, Sessions } from "effect-clerk"
import * as Arbitrary from "effect/Arbitrary"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"

import * as Mock from "./support/mock.js"
import { type Call, operations, refreshParams } from "./support/operations.js"
import { cases } from "./support/property.js"
import * as Wire from "./support/wire.js"

const failure = (call: Call, response: Response) =>
  Effect.flip(call).pipe(Effect.provide(Mock.make(() => response, { retry: Schedule.stop }).layer))

const get = Sessions.get("sess_1")

const bodies = {
  envelope: JSON.stringify(Wire.envelope("some_code")),
  html: "<html><body>Bad gateway</body></html>",
  empty: "",
  truncated: '{"errors":[{"code":"some',
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

describe("the tag of an error", () => {
  for (const [status, documented, undocumented] of statuses) {
    it.effect(`follows the status ${status}`, () =>
      Effect.gen(function* () {
        for (const { call, documents404, name } of operations) {
          const [withEnvelope, without] = documents404 ? documented : undocumented
          for (const [kind, body] of Object.entries(bodies)) {
            const isEmpty = status === 304
            const error = yield* failure(call(), new Response(isEmpty ? null : body, { status }))
            const expected = kind === "envelope" && !isEmpty ? withEnvelope : without
            assert.strictEqual(error._tag, expected, `${name}, ${kind}`)
            assert("status" in error)
            assert.strictEqual(error.status, status)
          }
        }
      })
    )
  }
})

describe("an error of a response", () => {
  it.effect("keeps every entry of the envelope", () =>
    Effect.gen(function* () {
      const error = yield* failure(
        Sessions.create({ userId: "user_1" }),
        Mock.json(
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

  it.effect("has the trace id of the headers where the body has none", () =>
    Effect.gen(function* () {
      const traceId = (headers: HeadersInit) =>
        Effect.map(failure(get, Mock.json({ errors: [] }, 400, headers)), (error) =>
          "traceId" in error ? Option.getOrUndefined(error.traceId) : "no field"
        )
      assert.strictEqual(yield* traceId({ "clerk-trace-id": "trace", "cf-ray": "ray" }), "trace")
      assert.strictEqual(yield* traceId({ "cf-ray": "ray" }), "ray")
      assert.strictEqual(yield* traceId({}), undefined)
    })
  )

  it.effect("has the path without the query", () =>
    Effect.gen(function* () {
      const error = yield* failure(Sessions.list({ userId: "user_1" }), Mock.json(Wire.envelope("a"), 400))
      assert.strictEqual(error.path, "/v1/sessions")
    })
  )

  it.effect("has the first 1000 characters of a body that is no envelope", () =>
    Effect.gen(function* () {
      const error = yield* failure(get, new Response("x".repeat(5000), { status: 502 }))
      assert(error._tag === "ApiError")
      assert.strictEqual(error.body, "x".repeat(1000))
    })
  )

  it.effect("has no part of a secret at the end of a truncated body", () =>
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

  it.effect("keeps error codes whole", () =>
    Effect.gen(function* () {
      for (const format of ["token", "cookie"] as const) {
        const params = {
          ...refreshParams,
          expiredToken: "expired",
          refreshToken: "token",
          requestOrigin: "https://not_found.example",
          requestHeaders: { "x-code": "refresh_token", "user-agent": "found" },
          format
        }
        const code = "refresh_token_not_found"
        const error = yield* failure(
          Sessions.refresh("sess_1", params),
          Mock.json(Wire.envelope(code, "of https://not_found.example"), 422)
        )
        assert(error._tag === "ClerkErrors")
        assert.strictEqual(error.errors[0]?.code, code)
        assert.include(error.message, `422 ${code} of https://not_found.example`)
      }
    })
  )

  it.effect("redacts a secret in an error code", () =>
    Effect.gen(function* () {
      const refreshToken = "abcdefghijklmnopqrstuvwxyz"
      for (const code of [refreshToken, `no_${refreshToken}_here`, `Bearer ${Wire.secretKey}`]) {
        const error = yield* failure(
          Sessions.refresh("sess_1", { ...refreshParams, refreshToken }),
          Mock.json(Wire.envelope(code), 422)
        )
        assert(error._tag === "ClerkErrors")
        assert.match(error.errors[0]?.code ?? "", /^(no_)?<redacted>(_here)?$/)
      }
    })
  )
})

describe("retryAfter", () => {
  const values: ReadonlyArray<readonly [string, Option.Option<Duration.DurationInput>]> = [
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
  for (const [value, expected] of values) {
    it.effect(`reads ${JSON.stringify(value.slice(0, 40))}`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(20_000)
        for (const status of [429, 503]) {
          const error = yield* failure(get, Mock.json({}, status, { "retry-after": value }))
          deepStrictEqual(
            Option.map(ClerkError.retryAfter(error), Duration.toMillis),
            Option.map(expected, Duration.toMillis)
          )
        }
      })
    )
  }
})

describe("errors as values", () => {
  it("can be encoded to JSON and decoded", () => {
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

  it("have defaults for all fields but the request", () => {
    const error = new ClerkError.NotFound({
      operation: "Sessions.get",
      method: "GET",
      path: "/v1/sessions/a"
    })
    assert.strictEqual(error.status, 404)
    deepStrictEqual(error.errors, [])
    assert.strictEqual(
      error.message,
      "Sessions.get (GET /v1/sessions/a): 404; check that the apiUrl setting leads to Clerk's Backend API"
    )
  })

  it("have a message of one bounded line, without control characters", () => {
    const long = FastCheck.string({ unit: "binary" }).map((text) => text.repeat(200))
    const text = FastCheck.oneof(long, FastCheck.string({ unit: "binary" }))
    FastCheck.assert(
      FastCheck.property(Arbitrary.make(ClerkError.ClerkError), text, text, (error, path, words) => {
        const entry = { code: words, message: words, longMessage: Option.none(), meta: { param_name: words } }
        // The constructors of all errors take the same fields, and ignore those of the others.
        const Same = error.constructor as new (fields: object) => ClerkError.ClerkError
        const other = new Same({
          ...error,
          path,
          ...("detail" in error ? { detail: words } : {}),
          ...("errors" in error ? { errors: [entry], traceId: Option.some(words) } : {})
        })
        for (const { message } of [error, other]) {
          assert.notMatch(message, /[\p{Cc}\p{Cf}\u2028\u2029]/u)
          assert.isBelow(message.length, 800 + error.operation.length + error.method.length)
        }
      }),
      { numRuns: cases }
    )
  })

  it.effect("have a bounded message for an id of any length", () =>
    Effect.gen(function* () {
      const error = yield* failure(Sessions.get("x".repeat(100_000)), Mock.json({}, 404))
      assert.isBelow(error.message.length, 800)
      assert.include(error.message, "404")
    })
  )

  it.effect("have a bounded message for a response of any length", () =>
    Effect.gen(function* () {
      const error = yield* failure(get, Mock.json(Wire.envelope("c".repeat(10_000), "m".repeat(10_000)), 422))
      assert.isBelow(error.message.length, 800)
    })
  )
})
