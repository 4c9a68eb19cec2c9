import * as HttpClient from "@effect/platform/HttpClient"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { ClerkConfig, ClerkError, ClerkRetry, Session, Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"
import * as Arbitrary from "effect/Arbitrary"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"

/** Shows redacted values, which an assertion takes for equal. */
const revealed = (argument: unknown) =>
  typeof argument === "object" && argument !== null
    ? Object.fromEntries(
        Object.entries(argument).map(([key, value]) => [
          key,
          Redacted.isRedacted(value) ? `redacted ${String(Redacted.value(value))}` : value
        ])
      )
    : argument

const where = { operation: "Sessions.get", method: "GET", path: "/v1/sessions/sess_1" }

const jwt = Redacted.make("eyJhbGciOiJSUzI1NiJ9.e30.c2ln")

describe("layerMock", () => {
  it.effect("returns the result of each mock through the real client", () =>
    Effect.gen(function* () {
      const session = ClerkTest.session()
      const cookies = { cookies: [Redacted.make("__session=a; Path=/")] }
      const tokens = { expiredToken: "a", refreshToken: "b", requestOrigin: "https://example.com" }
      const layer = ClerkTest.layerMock({
        list: () => Effect.succeed([session]),
        listPage: () => Effect.succeed({ data: [session], totalCount: Option.some(7) }),
        create: ({ userId }) => Effect.succeed(ClerkTest.session({ userId })),
        get: (id) => Effect.succeed(ClerkTest.session({ id })),
        refresh: (_id, { format }) => Effect.succeed(format === "cookie" ? cookies : { jwt }),
        revoke: (id) => Effect.succeed(ClerkTest.session({ id, status: "revoked" })),
        createToken: () => Effect.succeed({ jwt }),
        createTokenFromTemplate: (_id, template) => Effect.succeed({ jwt: Redacted.make(template) })
      })
      yield* Effect.gen(function* () {
        deepStrictEqual(yield* Sessions.list({ userId: "user_1" }), [session])
        const page = yield* Sessions.listPage({ userId: "user_1" })
        deepStrictEqual(page, { data: [session], totalCount: Option.some(7) })
        assert.strictEqual((yield* Sessions.create({ userId: "user_9" })).userId, "user_9")
        assert.strictEqual((yield* Sessions.get("sess_9")).id, "sess_9")
        assert.isTrue(Equal.equals((yield* Sessions.refresh("sess_1", tokens)).jwt, jwt))
        const refreshed = yield* Sessions.refresh("sess_1", { ...tokens, format: "cookie" })
        deepStrictEqual(refreshed.cookies.map(Redacted.value), ["__session=a; Path=/"])
        assert.strictEqual((yield* Sessions.revoke("sess_9")).status, "revoked")
        assert.isTrue(Equal.equals((yield* Sessions.createToken("sess_1")).jwt, jwt))
        const templated = yield* Sessions.createTokenFromTemplate("sess_1", "a template. of/mine")
        assert.strictEqual(Redacted.value(templated.jwt), "a template. of/mine")
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("passes the arguments of the call to the mock", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const see =
        <A>(value: A) =>
        (...args: ReadonlyArray<unknown>) =>
          Effect.sync(() => {
            seen.push(args.map(revealed))
            return value
          })
      const session = ClerkTest.session()
      const layer = ClerkTest.layerMock({
        list: see([session]),
        listPage: see({ data: [], totalCount: Option.none() }),
        create: see(session),
        get: see(session),
        refresh: see({ jwt }),
        revoke: see(session),
        createToken: see({ jwt }),
        createTokenFromTemplate: see({ jwt })
      })
      const refresh = {
        expiredToken: Redacted.make("a"),
        refreshToken: Redacted.make("b"),
        requestOrigin: "https://example.com"
      }
      yield* Effect.all([
        Sessions.list({ userId: "123", clientId: "client_1", status: "active", limit: 5, offset: 0 }),
        Sessions.list({ clientId: "client_1" }),
        Sessions.listPage({ userId: "user_1" }),
        Sessions.create({ userId: "user_1", activeOrganizationId: "org_1" }),
        Sessions.get("sess/1"),
        Sessions.refresh("sess_1", {
          ...refresh,
          requestHeaders: { accept: "a", cookie: ["b", "c"] },
          requestOriginatingIp: "192.0.2.1",
          suffixedCookies: false
        }),
        Sessions.refresh("sess_1", { ...refresh, suffixedCookies: true }),
        Sessions.revoke("sess_1"),
        Sessions.createToken("sess_1"),
        Sessions.createToken("sess_1", { expiresIn: "1 minute" }),
        Sessions.createTokenFromTemplate("sess_1", "a b", { expiresIn: 90_000 })
      ]).pipe(Effect.provide(layer))
      const refreshed = {
        expiredToken: "redacted a",
        refreshToken: "redacted b",
        requestOrigin: "https://example.com"
      }
      deepStrictEqual(seen, [
        [{ userId: "123", clientId: "client_1", status: "active", limit: 5, offset: 0 }],
        [{ clientId: "client_1" }],
        [{ userId: "user_1" }],
        [{ userId: "user_1", activeOrganizationId: "org_1" }],
        ["sess/1"],
        [
          "sess_1",
          {
            ...refreshed,
            requestHeaders: { accept: ["a"], cookie: ["b", "c"] },
            requestOriginatingIp: "192.0.2.1",
            suffixedCookies: false
          }
        ],
        ["sess_1", { ...refreshed, suffixedCookies: true }],
        ["sess_1"],
        ["sess_1", {}],
        ["sess_1", { expiresIn: Duration.minutes(1) }],
        ["sess_1", "a b", { expiresIn: Duration.seconds(90) }]
      ])
    })
  )

  it.effect("returns every session unchanged", () =>
    Effect.promise(() =>
      FastCheck.assert(
        FastCheck.asyncProperty(Arbitrary.make(Session.Session), (session) =>
          Sessions.revoke("sess_1").pipe(
            Effect.map((revoked) => assert.isTrue(Schema.equivalence(Session.Session)(revoked, session))),
            Effect.provide(ClerkTest.layerMock({ revoke: () => Effect.succeed(session) })),
            Effect.runPromise
          )
        ),
        { numRuns: 50 }
      )
    )
  )

  it.effect("dies with the name of an operation without a mock", () =>
    Effect.gen(function* () {
      const layer = ClerkTest.layerMock({ get: () => Effect.succeed(ClerkTest.session()) })
      const tokens = { expiredToken: "a", refreshToken: "b", requestOrigin: "https://example.com" }
      for (const [name, operation] of [
        ["Sessions.list", Effect.asVoid(Sessions.list({ userId: "user_1" }))],
        ["Sessions.listPage", Effect.asVoid(Sessions.listPage({ userId: "user_1" }))],
        ["Sessions.stream", Stream.runDrain(Sessions.stream({ userId: "user_1" }))],
        ["Sessions.create", Effect.asVoid(Sessions.create({ userId: "user_1" }))],
        ["Sessions.refresh", Effect.asVoid(Sessions.refresh("sess_1", tokens))],
        ["Sessions.revoke", Effect.asVoid(Sessions.revoke("sess_1"))],
        ["Sessions.createToken", Effect.asVoid(Sessions.createToken("sess_1"))],
        ["Sessions.createTokenFromTemplate", Effect.asVoid(Sessions.createTokenFromTemplate("sess_1", "a"))]
      ] as const) {
        const exit = yield* Effect.exit(Effect.provide(operation, layer))
        assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause), name)
        assert.match(String(exit), new RegExp(`${name}\\b.* was called, but this test does not mock it`))
      }
    })
  )

  it.effect("calls the mock of listPage for stream", () =>
    Effect.gen(function* () {
      const all = Array.from({ length: 5 }, (_, index) => ClerkTest.session({ id: `sess_${index}` }))
      const found = yield* Stream.runCollect(Sessions.stream({ userId: "user_1", pageSize: 2 })).pipe(
        Effect.provide(
          ClerkTest.layerMock({
            listPage: ({ limit = 10, offset = 0 }) =>
              Effect.succeed({ data: all.slice(offset, offset + limit), totalCount: Option.some(all.length) })
          })
        )
      )
      deepStrictEqual([...found], all)
    })
  )

  describe("failures keep their tag and their fields:", () => {
    const refused = {
      ...where,
      errors: ClerkTest.errors("first", {
        code: "second",
        message: "Second",
        longMessage: "At length.",
        meta: { param_name: "user_id" }
      }),
      traceId: Option.some("trace_1"),
      meta: { hint: ["a"] }
    }
    const answered = { ...where, errors: refused.errors, traceId: Option.some("trace_1") }

    const get = (error: Effect.Effect.Error<ReturnType<typeof Sessions.get>>) =>
      Effect.flip(Sessions.get("sess_1")).pipe(
        Effect.provide(ClerkTest.layerMock({ get: () => Effect.fail(error) }))
      )

    for (const error of [
      new ClerkError.NotFound(where),
      new ClerkError.NotFound(refused),
      new ClerkError.Unauthorized(refused),
      new ClerkError.ClerkErrors({ ...refused, status: 422 }),
      new ClerkError.RateLimited(refused),
      new ClerkError.RateLimited({ ...refused, retryAfter: Option.some(Duration.millis(1500)) }),
      new ClerkError.ApiError({
        ...where,
        status: 503,
        body: "<h1>Down</h1>",
        traceId: Option.some("trace_1")
      }),
      new ClerkError.ApiError({ ...where, status: 503, retryAfter: Option.some(Duration.seconds(3)) }),
      new ClerkError.ApiError({
        ...answered,
        status: 500,
        body: '{"errors":[{"code":"first","message":"first"},{"code":"second","message":"Second","long_message":"At length.","meta":{"param_name":"user_id"}}]}'
      }),
      ...(["connect", "certificate", "broken"] as const).map(
        (reason) =>
          new ClerkError.TransportError({
            ...where,
            ...ClerkTest.Failure.transportError({ reason }),
            ...where
          })
      ),
      new ClerkError.TransportError({ ...where, detail: "no response: the cable was cut" })
    ]) {
      it.effect(`${error._tag} (${error.message})`, () =>
        Effect.gen(function* () {
          deepStrictEqual({ ...(yield* get(error)) }, { ...error })
        })
      )
    }

    it.effect("ApiError with errors gets their envelope as its body", () =>
      Effect.gen(function* () {
        const error = yield* get(new ClerkError.ApiError({ ...answered, status: 500 }))
        assert.instanceOf(error, ClerkError.ApiError)
        deepStrictEqual(
          { ...error, body: "" },
          { _tag: "ApiError", ...answered, status: 500, body: "", retryAfter: Option.none() }
        )
        assert.match(error.body, /^{"errors":/)
      })
    )

    it.effect("DecodeError gets its detail from the client", () =>
      Effect.gen(function* () {
        const error = yield* get(new ClerkError.DecodeError({ ...where, detail: "any" }))
        assert.instanceOf(error, ClerkError.DecodeError)
      })
    )

    it.effect("Timeout fails after the client's timeout", () =>
      Effect.gen(function* () {
        const error = new ClerkError.Timeout({ ...where, duration: Duration.seconds(10) })
        const fiber = yield* Effect.fork(get(error))
        yield* TestClock.adjust("10 seconds")
        deepStrictEqual({ ...(yield* Fiber.join(fiber)) }, { ...error })
      })
    )

    it.effect("InvalidRequest dies", () =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(get(new ClerkError.InvalidRequest({ ...where, detail: "any" })))
        assert.include(String(exit), "a mock cannot fail with InvalidRequest")
      })
    )
  })

  describe("Failure makes an error of each tag without arguments:", () => {
    const { Failure } = ClerkTest
    const real = { operation: "Sessions.get", method: "GET", path: "/v1/sessions/sess_1" }

    for (const [tag, error] of [
      ["ClerkErrors", Failure.clerkErrors()],
      ["Unauthorized", Failure.unauthorized()],
      ["NotFound", Failure.notFound()],
      ["RateLimited", Failure.rateLimited()],
      ["ApiError", Failure.apiError()],
      ["Timeout", Failure.timeout()],
      ["TransportError", Failure.transportError()],
      ["DecodeError", Failure.decodeError()]
    ] as const) {
      it.effect(tag, () =>
        Effect.gen(function* () {
          const fiber = yield* Effect.flip(Sessions.get("sess_1")).pipe(
            Effect.provide(ClerkTest.layerMock({ get: () => Effect.fail(error) })),
            Effect.fork
          )
          yield* TestClock.adjust("10 seconds")
          const { _tag, method, operation, path } = yield* Fiber.join(fiber)
          deepStrictEqual({ _tag, operation, method, path }, { _tag: tag, ...real })
          assert.strictEqual(error._tag, tag)
        })
      )
    }

    it.effect("with the fields that are given", () =>
      Effect.gen(function* () {
        const errors = ClerkTest.errors("a", "b")
        const options = { errors, traceId: "trace_1", meta: { hint: "c" } }
        const fields = { errors, traceId: Option.some("trace_1"), meta: { hint: "c" } }
        const get = (error: Effect.Effect.Error<ReturnType<typeof Sessions.get>>) =>
          Effect.flip(Sessions.get("sess_1")).pipe(Effect.provide(ClerkTest.layerMock({ get: () => error })))
        const { _tag, ...limited } = yield* get(Failure.rateLimited({ ...options, retryAfter: "3 seconds" }))
        assert.strictEqual(_tag, "RateLimited")
        deepStrictEqual<unknown>(
          { ...limited },
          {
            ...where,
            ...fields,
            status: 429,
            retryAfter: Option.some(Duration.seconds(3))
          }
        )
        const refused = yield* get(Failure.clerkErrors({ ...options, status: 403 }))
        deepStrictEqual<unknown>({ ...refused }, { _tag: "ClerkErrors", ...where, ...fields, status: 403 })
        const down = yield* get(Failure.apiError({ status: 502, body: "Bad Gateway" }))
        assert.instanceOf(down, ClerkError.ApiError)
        deepStrictEqual([down.status, down.body], [502, "Bad Gateway"])
      })
    )
  })

  it.effect("calls a failing mock once, unless retries are configured", () =>
    Effect.gen(function* () {
      let calls = 0
      const get = () =>
        Effect.suspend(() => {
          calls += 1
          return Effect.fail(new ClerkError.ApiError({ ...where, status: 503 }))
        })
      yield* Effect.flip(Sessions.get("sess_1")).pipe(Effect.provide(ClerkTest.layerMock({ get })))
      assert.strictEqual(calls, 1)
      const fiber = yield* Effect.flip(Sessions.get("sess_1")).pipe(
        Effect.provide(
          ClerkTest.layerMock({ get }, { config: { retry: ClerkRetry.schedule({ times: 2 }) } })
        ),
        Effect.fork
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.strictEqual(calls, 4)
    })
  )

  it.effect("rejects invalid arguments before it calls a mock", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Sessions.get(".."))
      assert.instanceOf(error, ClerkError.InvalidRequest)
    }).pipe(Effect.provide(ClerkTest.layerMock({})))
  )

  it("has the types of the real operations", () => {
    type Get = Exclude<ClerkTest.Mocks["get"], undefined>
    type Real = ReturnType<typeof Sessions.get>
    expectTypeOf<Parameters<Get>>().toEqualTypeOf<[sessionId: string]>()
    expectTypeOf<ReturnType<Get>>().toEqualTypeOf<
      Effect.Effect<Effect.Effect.Success<Real>, Effect.Effect.Error<Real>>
    >()
    expectTypeOf(ClerkTest.layerMock({})).toEqualTypeOf<
      Layer.Layer<HttpClient.HttpClient | ClerkConfig.ClerkConfig>
    >()
    expectTypeOf<keyof ClerkTest.Mocks>().toEqualTypeOf<
      Exclude<keyof typeof Sessions, "stream" | "revokeAll">
    >()
  })
})

describe("layerHandler", () => {
  it.effect("passes the request to the handler and its response to the client", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const layer = ClerkTest.layerHandler((request) =>
        Effect.gen(function* () {
          const body = yield* Effect.promise(() => request.text())
          seen.push([request.method, request.url, Object.fromEntries(request.headers), body])
          return Response.json({ object: "token", jwt: "eyJ.e30.c2ln" })
        })
      )
      yield* Effect.provide(Sessions.createToken("sess_1", { expiresIn: "1 minute" }), layer)
      yield* Effect.provide(Sessions.createToken("sess_1"), layer)
      const headers = {
        accept: "application/json",
        "accept-encoding": "identity",
        authorization: "Bearer sk_test_0123456789abcdefghijklmnop",
        "clerk-api-version": "2026-05-12",
        "user-agent": "effect-clerk/0.1.0"
      }
      const url = "https://api.clerk.com/v1/sessions/sess_1/tokens"
      deepStrictEqual(seen, [
        [
          "POST",
          url,
          { ...headers, "content-type": "application/json", "content-length": "25" },
          '{"expires_in_seconds":60}'
        ],
        ["POST", url, headers, ""]
      ])
    })
  )

  it.effect("keeps retries and timeouts of the client", () =>
    Effect.gen(function* () {
      let calls = 0
      const layer = ClerkTest.layerHandler(() =>
        Effect.suspend(() => {
          calls += 1
          return calls === 1 ? Effect.never : Effect.succeed(new Response("Bad Gateway", { status: 502 }))
        })
      )
      const fiber = yield* Effect.fork(Effect.provide(Effect.flip(Sessions.get("sess_1")), layer))
      yield* TestClock.adjust("1 minute")
      assert.instanceOf(yield* Fiber.join(fiber), ClerkError.ApiError)
      assert.strictEqual(calls, 4)
    })
  )

  it.effect("accepts settings of the client and dies of invalid ones", () =>
    Effect.gen(function* () {
      const response = () => Effect.succeed(new Response("", { status: 500 }))
      const settings = (config: Partial<ClerkConfig.Options>) =>
        Effect.provide(ClerkConfig.ClerkConfig, ClerkTest.layerHandler(response, { config }))
      assert.strictEqual((yield* settings({ apiVersion: "2025-04-10" })).apiVersion, "2025-04-10")
      const exit = yield* Effect.exit(settings({ apiUrl: "http://example.com" }))
      assert.include(String(exit), "apiUrl")
    })
  )

  it.effect("interrupts the handler with the operation", () =>
    Effect.gen(function* () {
      let interrupted = false
      let aborted = false
      const layer = ClerkTest.layerHandler((request) => {
        request.signal.addEventListener("abort", () => (aborted = true))
        return Effect.onInterrupt(Effect.never, () => Effect.sync(() => (interrupted = true)))
      })
      const fiber = yield* Effect.fork(Effect.provide(Sessions.get("sess_1"), layer))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      assert.isTrue(interrupted)
      assert.isTrue(aborted)
    })
  )
})

describe("the HTTP client in memory", () => {
  const echo = ClerkTest.layerHandler((request) =>
    Effect.promise(async () => {
      const { headers } = request
      return Response.json({ type: headers.get("content-type"), text: await request.text() })
    })
  )

  it.effect("sends bodies of every kind", () =>
    Effect.gen(function* () {
      const { HttpBody, HttpClientRequest } = yield* Effect.promise(() => import("@effect/platform"))
      const form = new FormData()
      form.set("a", "1")
      const sent = (body: Parameters<typeof HttpClientRequest.setBody>[1]) =>
        HttpClientRequest.post("https://api.clerk.com/v1/any").pipe(
          HttpClientRequest.setBody(body),
          HttpClient.execute,
          Effect.flatMap((response) => response.json)
        )
      deepStrictEqual(yield* sent(HttpBody.empty), { type: null, text: "" })
      deepStrictEqual(yield* sent(HttpBody.text("a", "text/x")), { type: "text/x", text: "a" })
      deepStrictEqual(yield* sent(HttpBody.raw("b", { contentType: "text/x" })), {
        type: "text/x",
        text: "b"
      })
      const bytes = HttpBody.uint8Array(new TextEncoder().encode("é"), "text/y")
      deepStrictEqual(yield* sent(bytes), { type: "text/y", text: "é" })
      const stream = HttpBody.stream(Stream.make(new Uint8Array([97]), new Uint8Array([98])))
      deepStrictEqual(yield* sent(stream), { type: "application/octet-stream", text: "ab" })
      assert.match(
        JSON.stringify(yield* sent(HttpBody.formData(form))),
        /multipart\/form-data; boundary=.*name=/
      )
    }).pipe(Effect.provide(echo))
  )

  it.effect("fails like a transport if a request is invalid", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        HttpClient.get("https://api.clerk.com/v1/any", { headers: { "x-broken": "a\nb" } })
      )
      assert.strictEqual(error._tag === "RequestError" && error.reason, "Transport")
    }).pipe(Effect.provide(echo))
  )
})
