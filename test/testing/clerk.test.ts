import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { ClerkError, Session, Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"

import { entries, statusAndCodes, send } from "./utils.js"

const ids = (sessions: ReadonlyArray<Session.Session>) => sessions.map(({ id }) => id as string)

describe("the fake Clerk in memory", () => {
  describe("every request", () => {
    it.effect("rejects a missing, an ill-formed and a wrong secret key with 401", () =>
      Effect.gen(function* () {
        const refused = (headers: Record<string, string>) =>
          Effect.map(send("GET", "/v1/sessions", { headers }), statusAndCodes)
        deepStrictEqual(yield* refused({}), [401, "authentication_invalid"])
        deepStrictEqual(yield* refused({ authorization: "Basic c2s6" }), [
          401,
          "authorization_header_format_invalid"
        ])
        deepStrictEqual(yield* refused({ authorization: "Bearer sk_test_other" }), [401, "clerk_key_invalid"])
      }).pipe(Effect.provide(ClerkTest.layer()))
    )

    it.effect("accepts the given secret key and gives it to the client", () =>
      Effect.gen(function* () {
        const response = yield* send("GET", "/v1/sessions", {
          headers: { authorization: "Bearer sk_test_mine" }
        })
        assert.strictEqual(response.status, 200)
        deepStrictEqual(yield* Sessions.list({ userId: "user_1" }), [])
      }).pipe(Effect.provide(ClerkTest.layer({ secretKey: Redacted.make(" sk_test_mine\n") })))
    )

    it.effect("overrides the settings of the client, the secret key included", () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Sessions.get("sess_1"))
        assert.strictEqual(error._tag, "Unauthorized")
      }).pipe(Effect.provide(ClerkTest.layer({ config: { secretKey: Redacted.make("sk_test_other") } })))
    )

    it.effect("responds to errors with code, messages, parameter and trace id", () =>
      Effect.gen(function* () {
        const response = yield* send("POST", "/v1/sessions", { body: "{}" })
        deepStrictEqual(entries(response), [
          {
            code: "form_param_missing",
            message: "is missing",
            long_message: "user_id must be included.",
            meta: { param_name: "user_id" }
          }
        ])
        assert.match(JSON.stringify(response.body), /"clerk_trace_id":"[0-9a-f]{32}"/)
        assert.strictEqual(response.headers["content-type"], "application/json")
      }).pipe(Effect.provide(ClerkTest.layer()))
    )

    it.effect("rejects unknown paths, wrong methods and bodies that are no JSON object", () =>
      Effect.gen(function* () {
        deepStrictEqual(statusAndCodes(yield* send("GET", "/v1/invoices")), [404, "resource_not_found"])
        deepStrictEqual(statusAndCodes(yield* send("GET", "/v2/sessions")), [404, "resource_not_found"])
        deepStrictEqual(statusAndCodes(yield* send("GET", "/v1/sessions/%E0%A4%A")), [
          404,
          "resource_not_found"
        ])
        deepStrictEqual(statusAndCodes(yield* send("DELETE", "/v1/sessions")), [405, "method_not_allowed"])
        for (const body of ["{", "[]", '"text"', "1"]) {
          deepStrictEqual(statusAndCodes(yield* send("POST", "/v1/sessions", { body })), [
            400,
            "request_body_invalid"
          ])
        }
      }).pipe(Effect.provide(ClerkTest.layer()))
    )

    it.effect("rejects a body over 1 MiB and accepts one of 1 MiB", () =>
      Effect.gen(function* () {
        const body = (size: number) => JSON.stringify({ user_id: "x".repeat(size - 14) })
        const over = yield* send("POST", "/v1/sessions", { body: body(1024 * 1024 + 1) })
        deepStrictEqual(statusAndCodes(over), [413, "request_body_too_large"])
        const below = yield* send("POST", "/v1/sessions", { body: body(1024 * 1024) })
        deepStrictEqual(statusAndCodes(below), [404, "resource_not_found"])
      }).pipe(Effect.provide(ClerkTest.layer()))
    )
  })

  describe("list", () => {
    const seeded = ClerkTest.layer({
      sessions: [
        { id: "sess_1", userId: "user_1", clientId: "client_1", createdAt: DateTime.unsafeMake(1) },
        { id: "sess_3", userId: "user_1", clientId: "client_2", createdAt: DateTime.unsafeMake(3) },
        {
          id: "sess_2",
          userId: "user_1",
          clientId: "client_1",
          createdAt: DateTime.unsafeMake(2),
          status: "ended"
        },
        { id: "sess_4", userId: "user_2", clientId: "client_1", createdAt: DateTime.unsafeMake(3) }
      ]
    })

    it.effect("sorts by creation, then by insertion, newest first", () =>
      Effect.gen(function* () {
        const { body } = yield* send("GET", "/v1/sessions")
        const sessions = yield* Schema.decodeUnknown(Schema.Array(Session.Session))(body)
        deepStrictEqual(ids(sessions), ["sess_4", "sess_3", "sess_2", "sess_1"])
      }).pipe(Effect.provide(seeded))
    )

    it.effect("filters by user, client and status", () =>
      Effect.gen(function* () {
        deepStrictEqual(ids(yield* Sessions.list({ userId: "user_1" })), ["sess_3", "sess_2", "sess_1"])
        deepStrictEqual(ids(yield* Sessions.list({ clientId: "client_1" })), ["sess_4", "sess_2", "sess_1"])
        deepStrictEqual(ids(yield* Sessions.list({ userId: "user_1", status: "ended" })), ["sess_2"])
        deepStrictEqual(
          ids(yield* Sessions.list({ userId: "user_1", clientId: "client_1", status: "active" })),
          ["sess_1"]
        )
        deepStrictEqual(yield* Sessions.list({ userId: "user_none" }), [])
      }).pipe(Effect.provide(seeded))
    )

    it.effect("returns the first 10 by default, and the requested page", () =>
      Effect.gen(function* () {
        const clerk = yield* ClerkTest.ClerkTest
        for (let index = 0; index < 12; index++)
          yield* clerk.addSession({ id: `sess_${index}`, userId: "user_1" })
        const all = Array.from({ length: 12 }, (_, index) => `sess_${11 - index}`)
        const list = (page: { limit?: number; offset?: number }) =>
          Effect.map(Sessions.list({ userId: "user_1", ...page }), ids)
        deepStrictEqual(yield* list({}), all.slice(0, 10))
        deepStrictEqual(yield* list({ limit: 500 }), all)
        deepStrictEqual(yield* list({ limit: 1, offset: 0 }), all.slice(0, 1))
        deepStrictEqual(yield* list({ limit: 5, offset: 10 }), all.slice(10))
        deepStrictEqual(yield* list({ offset: 12 }), [])
        const page = yield* Sessions.listPage({ userId: "user_1", limit: 2 })
        deepStrictEqual(ids(page.data), all.slice(0, 2))
        deepStrictEqual(page.totalCount, Option.some(12))
      }).pipe(Effect.provide(ClerkTest.layer()))
    )

    it.effect("responds with an array, or with an object for paginated=true", () =>
      Effect.gen(function* () {
        const bare = yield* send("GET", "/v1/sessions?limit=1")
        assert.isArray(bare.body)
        const unpaginated = yield* send("GET", "/v1/sessions?limit=1&paginated=false")
        deepStrictEqual(unpaginated.body, bare.body)
        const paginated = yield* send("GET", "/v1/sessions?limit=1&paginated=true")
        deepStrictEqual(paginated.body, { data: bare.body, total_count: 4 })
      }).pipe(Effect.provide(seeded))
    )

    it.effect("rejects pages out of range and unknown statuses with the name of the parameter", () =>
      Effect.gen(function* () {
        for (const [query, code, param] of [
          ["limit=0", "form_param_format_invalid", "limit"],
          ["limit=501", "form_param_format_invalid", "limit"],
          ["limit=ten", "form_param_format_invalid", "limit"],
          ["limit=1.5", "form_param_format_invalid", "limit"],
          ["offset=-1", "form_param_format_invalid", "offset"],
          ["status=asleep", "form_param_value_invalid", "status"]
        ] as const) {
          const response = yield* send("GET", `/v1/sessions?${query}`)
          deepStrictEqual(statusAndCodes(response), [422, code], query)
          assert.strictEqual(entries(response)[0]?.meta?.param_name, param)
        }
      }).pipe(Effect.provide(ClerkTest.layer()))
    )
  })

  describe("create", () => {
    it.effect("creates an active session with the default lifetimes", () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(1_700_000_000_000)
        const session = yield* Sessions.create({ userId: "user_1", activeOrganizationId: "org_1" })
        const now = yield* DateTime.now
        const days = (count: number) => DateTime.add(now, { days: count })
        deepStrictEqual(session, {
          ...ClerkTest.session({ id: session.id, clientId: session.clientId, userId: "user_1" }),
          lastActiveOrganizationId: Option.some(Session.OrganizationId.make("org_1")),
          lastActiveAt: now,
          createdAt: now,
          updatedAt: now,
          expireAt: days(7),
          abandonAt: days(30)
        })
        assert.match(session.id, /^sess_[0-9A-Za-z]{27}$/)
        assert.match(session.clientId, /^client_[0-9A-Za-z]{27}$/)
        deepStrictEqual(yield* Sessions.get(session.id), session)
      }).pipe(Effect.provide(ClerkTest.layer({ users: ["user_1"] })))
    )

    it.effect("rejects unknown, missing and ill-typed user ids", () =>
      Effect.gen(function* () {
        const create = (body: object) =>
          Effect.map(send("POST", "/v1/sessions", { body: JSON.stringify(body) }), statusAndCodes)
        deepStrictEqual(yield* create({ user_id: "user_2" }), [404, "resource_not_found"])
        deepStrictEqual(yield* create({}), [422, "form_param_missing"])
        deepStrictEqual(yield* create({ user_id: null }), [422, "form_param_missing"])
        deepStrictEqual(yield* create({ user_id: 1 }), [422, "form_param_format_invalid"])
        deepStrictEqual(yield* create({ user_id: "user_1", active_organization_id: [] }), [
          422,
          "form_param_format_invalid"
        ])
        const error = yield* Effect.flip(Sessions.create({ userId: "user_2" }))
        assert.instanceOf(error, ClerkError.NotFound)
        const clerk = yield* ClerkTest.ClerkTest
        deepStrictEqual(yield* clerk.sessions, [])
      }).pipe(Effect.provide(ClerkTest.layer({ users: ["user_1"] })))
    )

    it.effect("is rejected by a production instance", () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Sessions.create({ userId: "user_1" }))
        assert.instanceOf(error, ClerkError.ClerkErrors)
        assert.strictEqual(error.status, 400)
        deepStrictEqual(
          error.errors.map(({ code }) => code),
          ["request_invalid_for_environment"]
        )
      }).pipe(Effect.provide(ClerkTest.layer({ instance: "production", users: ["user_1"] })))
    )
  })

  describe("get and revoke", () => {
    it.effect("find existing sessions only", () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* Sessions.get("sess_1")).userId, "user_1")
        for (const operation of [Sessions.get("sess_2"), Sessions.revoke("sess_2")]) {
          const error = yield* Effect.flip(operation)
          assert.instanceOf(error, ClerkError.NotFound)
          deepStrictEqual(
            error.errors.map(({ code }) => code),
            ["resource_not_found"]
          )
        }
      }).pipe(Effect.provide(ClerkTest.layer({ sessions: [{ id: "sess_1", userId: "user_1" }] })))
    )

    it.effect("revoke changes updatedAt once and is repeatable", () =>
      Effect.gen(function* () {
        yield* TestClock.adjust("1 minute")
        const revoked = yield* Sessions.revoke("sess_1")
        assert.strictEqual(revoked.status, "revoked")
        assert.strictEqual(revoked.updatedAt.epochMillis, 60_000)
        assert.strictEqual(revoked.createdAt.epochMillis, 0)
        yield* TestClock.adjust("1 minute")
        deepStrictEqual(yield* Sessions.revoke("sess_1"), revoked)
        deepStrictEqual(yield* Sessions.get("sess_1"), revoked)
      }).pipe(Effect.provide(ClerkTest.layer({ sessions: [{ id: "sess_1", userId: "user_1" }] })))
    )
  })

  describe("users", () => {
    it.effect("are listed newest first, counted and found by id", () =>
      Effect.gen(function* () {
        const clerk = yield* ClerkTest.ClerkTest
        yield* TestClock.adjust("1 second")
        yield* clerk.addUser("user_3")
        const userIds = (query: string) =>
          Effect.map(send("GET", `/v1/users${query}`), ({ body }) =>
            (body as ReadonlyArray<{ readonly id: string }>).map(({ id }) => id)
          )
        deepStrictEqual(yield* userIds(""), ["user_3", "user_2", "user_1"])
        deepStrictEqual(yield* userIds("?limit=1&offset=1"), ["user_2"])
        deepStrictEqual(yield* userIds("?user_id=user_1&user_id=user_3"), ["user_3", "user_1"])
        deepStrictEqual((yield* send("GET", "/v1/users/count?user_id=user_1")).body, {
          object: "total_count",
          total_count: 1
        })
        const { body } = yield* send("GET", "/v1/users/user_3")
        const { created_at, id, object } = body as Record<string, unknown>
        deepStrictEqual([object, id, created_at], ["user", "user_3", 1000])
        deepStrictEqual(statusAndCodes(yield* send("GET", "/v1/users/user_4")), [404, "resource_not_found"])
        deepStrictEqual(statusAndCodes(yield* send("GET", "/v1/users?limit=0")), [
          422,
          "form_param_format_invalid"
        ])
      }).pipe(Effect.provide(ClerkTest.layer({ users: ["user_1"], sessions: [{ userId: "user_2" }] })))
    )
  })

  it.effect("makes testing tokens", () =>
    Effect.gen(function* () {
      const { body } = yield* send("POST", "/v1/testing_tokens")
      const { expires_at, object, token } = body as Record<string, unknown>
      deepStrictEqual([object, expires_at], ["testing_token", 3600])
      assert.match(String(token), /^\w{40}$/)
    }).pipe(Effect.provide(ClerkTest.layer()))
  )

  describe("time", () => {
    it.effect("never ends a session of infinite lifetimes", () =>
      Effect.gen(function* () {
        yield* TestClock.adjust("100000 days")
        assert.strictEqual((yield* Sessions.get("sess_1")).status, "active")
      }).pipe(
        Effect.provide(
          ClerkTest.layer({
            sessionLifetime: Duration.infinity,
            inactivityLifetime: Duration.infinity,
            sessions: [{ id: "sess_1", userId: "user_1" }]
          })
        )
      )
    )

    it.effect("sessions expire and are abandoned as time passes", () =>
      Effect.gen(function* () {
        const status = Effect.map(Sessions.get("sess_1"), (session) => session.status)
        yield* TestClock.adjust("59 minutes")
        assert.strictEqual(yield* status, "active")
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* status, "expired")
        deepStrictEqual(yield* Sessions.list({ userId: "user_1", status: "active" }), [])
        assert.lengthOf(yield* Sessions.list({ userId: "user_1", status: "expired" }), 1)
        yield* TestClock.adjust("1 hour")
        assert.strictEqual(yield* status, "abandoned")
      }).pipe(
        Effect.provide(
          ClerkTest.layer({
            sessionLifetime: "1 hour",
            inactivityLifetime: "2 hours",
            sessions: [{ id: "sess_1", userId: "user_1" }]
          })
        )
      )
    )

    it.effect("pending sessions expire; ended sessions keep their status", () =>
      Effect.gen(function* () {
        yield* TestClock.adjust("8 days")
        assert.strictEqual((yield* Sessions.get("sess_1")).status, "expired")
        assert.strictEqual((yield* Sessions.get("sess_2")).status, "revoked")
      }).pipe(
        Effect.provide(
          ClerkTest.layer({
            sessions: [
              { id: "sess_1", userId: "user_1", status: "pending" },
              { id: "sess_2", userId: "user_1", status: "revoked" }
            ]
          })
        )
      )
    )

    it.effect("comes from the caller's clock", () =>
      Effect.gen(function* () {
        const session = yield* Sessions.create({ userId: "user_1" })
        assert.strictEqual(session.createdAt.epochMillis, 42)
      }).pipe(
        Effect.withClock(
          Object.assign(Clock.make(), {
            unsafeCurrentTimeMillis: () => 42,
            currentTimeMillis: Effect.succeed(42)
          })
        ),
        Effect.provide(ClerkTest.layer({ users: ["user_1"] }))
      )
    )
  })

  describe("ids", () => {
    const first = (options: ClerkTest.Options) =>
      Effect.gen(function* () {
        const clerk = yield* ClerkTest.ClerkTest
        const userId = yield* clerk.addUser()
        const { id } = yield* Sessions.create({ userId })
        assert.notStrictEqual(id.slice("sess_".length), userId.slice("user_".length))
        return [userId, id]
      }).pipe(Effect.provide(ClerkTest.layer(options)))

    it.effect("are the same for the same seed in every build", () =>
      Effect.gen(function* () {
        deepStrictEqual(yield* first({}), yield* first({}))
        deepStrictEqual(yield* first({ seed: "a" }), yield* first({ seed: "a" }))
        assert.notDeepEqual(yield* first({ seed: "a" }), yield* first({ seed: "b" }))
      })
    )

    it.effect("are unique and do not depend on errors in between", () =>
      Effect.gen(function* () {
        const create = Effect.map(Sessions.create({ userId: "user_1" }), ({ id }) => id)
        const calm = yield* Effect.replicateEffect(create, 50).pipe(
          Effect.provide(ClerkTest.layer({ users: ["user_1"] }))
        )
        const noisy = yield* Effect.replicateEffect(
          Effect.zipRight(Effect.flip(Sessions.get("sess_none")), create),
          50
        ).pipe(Effect.provide(ClerkTest.layer({ users: ["user_1"] })))
        assert.strictEqual(new Set(calm).size, 50)
        deepStrictEqual(noisy, calm)
      })
    )
  })

  describe("the service", () => {
    it.effect("records requests with a redacted secret key", () =>
      Effect.gen(function* () {
        const clerk = yield* ClerkTest.ClerkTest
        yield* Sessions.listPage({ userId: "user_1", offset: 0 })
        yield* Effect.flip(Sessions.create({ userId: "user_2" }))
        yield* send("POST", "/v1/elsewhere", { body: "{no json" })
        const requests = yield* clerk.requests
        deepStrictEqual(
          requests.map(({ body, method, operation, path, query }) => ({
            operation,
            method,
            path,
            query,
            body
          })),
          [
            {
              operation: "Sessions.list",
              method: "GET",
              path: "/v1/sessions",
              query: { user_id: "user_1", offset: "0", paginated: "true" },
              body: undefined
            },
            {
              operation: "Sessions.create",
              method: "POST",
              path: "/v1/sessions",
              query: {},
              body: { user_id: "user_2" }
            },
            { operation: "unknown", method: "POST", path: "/v1/elsewhere", query: {}, body: "{no json" }
          ]
        )
        assert.strictEqual(requests[1]?.headers["content-type"], "application/json")
        assert.isUndefined(requests[0]?.headers["content-type"])
        assert.isTrue(Redacted.isRedacted(requests[0]?.headers["authorization"]))
        assert.notInclude(JSON.stringify(requests), "sk_test")
        assert.strictEqual(requests[0]?.at.epochMillis, 0)
        yield* TestClock.adjust("1 second")
        yield* send("GET", "/v1/sessions")
        assert.strictEqual((yield* clerk.requests)[3]?.at.epochMillis, 1000)
        assert.lengthOf(requests, 3)
        assert.lengthOf(yield* clerk.requests, 4)
      }).pipe(Effect.provide(ClerkTest.layer()))
    )

    it.effect("keeps the last 1,000 requests, and bodies of up to 64 kB", () =>
      Effect.gen(function* () {
        const clerk = yield* ClerkTest.ClerkTest
        const body = (size: number) => JSON.stringify({ a: "x".repeat(size - 8) })
        yield* send("GET", "/v1/sessions?first=1")
        yield* send("GET", "/v1/sessions?second=1")
        yield* Effect.repeatN(send("GET", "/v1/jwks"), 996)
        yield* send("POST", "/v1/sessions", { body: body(64 * 1024) })
        yield* send("POST", "/v1/sessions", { body: body(64 * 1024 + 1) })
        const requests = yield* clerk.requests
        assert.lengthOf(requests, 1000)
        deepStrictEqual(requests[0]?.query, { second: "1" })
        assert.isDefined(requests[998]?.body)
        assert.isUndefined(requests[999]?.body)
      }).pipe(Effect.provide(ClerkTest.layer()))
    )

    it.effect("records the operation of every request", () =>
      Effect.gen(function* () {
        const clerk = yield* ClerkTest.ClerkTest
        const tokens = { expiredToken: "a", refreshToken: "b", requestOrigin: "https://example.com" }
        yield* Effect.exit(Sessions.list({ userId: "user_1" }))
        yield* Effect.exit(Sessions.create({ userId: "user_1" }))
        yield* Effect.exit(Sessions.get("sess_1"))
        yield* Effect.exit(Sessions.refresh("sess_1", tokens))
        yield* Effect.exit(Sessions.revoke("sess_1"))
        yield* Effect.exit(Sessions.createToken("sess_1"))
        yield* Effect.exit(Sessions.createTokenFromTemplate("sess_1", "a template. with/dots"))
        yield* send("GET", "/v1/jwks")
        deepStrictEqual(
          (yield* clerk.requests).map(({ operation }) => operation),
          [
            "Sessions.list",
            "Sessions.create",
            "Sessions.get",
            "Sessions.refresh",
            "Sessions.revoke",
            "Sessions.createToken",
            "Sessions.createTokenFromTemplate",
            "JWKS.get"
          ]
        )
      }).pipe(Effect.provide(ClerkTest.layer()))
    )

    it.effect("adds users and sessions and changes a status", () =>
      Effect.gen(function* () {
        const clerk = yield* ClerkTest.ClerkTest
        assert.strictEqual(yield* clerk.addUser("user_1"), "user_1")
        yield* Sessions.create({ userId: "user_1" })
        const added = yield* clerk.addSession({ userId: "user_2", status: "pending" })
        deepStrictEqual(yield* Sessions.get(added.id), added)
        yield* Sessions.create({ userId: "user_2" })
        yield* TestClock.adjust("1 second")
        const replaced = yield* clerk.setStatus(added.id, "replaced")
        assert.strictEqual(replaced.updatedAt.epochMillis, 1000)
        deepStrictEqual(yield* Sessions.get(added.id), replaced)
        assert.lengthOf(yield* clerk.sessions, 3)
      }).pipe(Effect.provide(ClerkTest.layer()))
    )

    it.effect("dies if a session does not exist", () =>
      Effect.gen(function* () {
        const clerk = yield* ClerkTest.ClerkTest
        const message = "ClerkTest: there is no session sess_1"
        for (const mistake of [
          Effect.asVoid(clerk.setStatus("sess_1", "ended")),
          Effect.asVoid(clerk.refreshToken("sess_1"))
        ]) {
          const exit = yield* Effect.exit(mistake)
          assert.include(String(exit), message)
        }
      }).pipe(Effect.provide(ClerkTest.layer()))
    )

    it.effect("accepts every field of a session and returns it", () =>
      Effect.gen(function* () {
        const said = {
          actor: Option.some({ sub: "user_admin" }),
          latestActivity: Option.some({
            id: "sess_activity_1",
            isMobile: true,
            deviceType: Option.some("iPhone"),
            browserName: Option.none(),
            browserVersion: Option.none(),
            ipAddress: Option.some("192.0.2.1"),
            city: Option.none(),
            country: Option.some("NL")
          }),
          lastActiveOrganizationId: Option.some("org_1"),
          tasks: [{ key: "choose-organization" }]
        }
        const session = ClerkTest.session(said)
        deepStrictEqual<unknown>({ ...session, ...said }, session)
        const clerk = yield* ClerkTest.ClerkTest
        deepStrictEqual(yield* clerk.addSession(session), session)
        deepStrictEqual(yield* Sessions.get(session.id), session)
      }).pipe(Effect.provide(ClerkTest.layer()))
    )
  })
})
