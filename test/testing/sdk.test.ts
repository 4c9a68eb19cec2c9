import { createClerkClient, verifyToken } from "@clerk/backend"
import { isClerkAPIResponseError } from "@clerk/backend/errors"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { ClerkConfig } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

import { LoopbackServer } from "./utils.js"

const served = (options: ClerkTest.Options = {}) =>
  Layer.provide(
    ClerkTest.layerServer({
      users: ["user_1"],
      templates: { "a template. of mine": { claims: { role: "editor" } } },
      ...options
    }),
    LoopbackServer
  )

/** The official SDK, with the URL and the secret key of the fake. */
const sdk = Effect.map(ClerkConfig.ClerkConfig, ({ apiUrl, secretKey }) => {
  const options = { apiUrl, secretKey: Redacted.value(secretKey) }
  return {
    sessions: createClerkClient(options).sessions,
    verify: (token: string) => Effect.promise(() => verifyToken(token, options))
  }
})

const call = <A>(promise: () => Promise<A>) => Effect.promise(promise)

/** The error that the SDK makes of an error response. */
const statusAndCodes = (promise: () => Promise<unknown>) =>
  Effect.map(Effect.flip(Effect.tryPromise({ try: promise, catch: (error) => error })), (error) => {
    if (!isClerkAPIResponseError(error)) throw error
    return { status: error.status, codes: error.errors.map(({ code }) => code), error }
  })

describe("the official SDK", () => {
  it.live("creates, gets, lists and revokes sessions", () =>
    Effect.gen(function* () {
      const { sessions } = yield* sdk
      const first = yield* call(() => sessions.createSession({ userId: "user_1" }))
      const second = yield* call(() => sessions.createSession({ userId: "user_1" }))
      assert.strictEqual(first.status, "active")
      assert.strictEqual(first.userId, "user_1")
      assert.isAbove(first.expireAt, first.createdAt)
      deepStrictEqual(yield* call(() => sessions.getSession(first.id)), first)

      const all = yield* call(() => sessions.getSessionList({ userId: "user_1" }))
      assert.strictEqual(all.totalCount, 2)
      deepStrictEqual(all.data, [second, first])
      const page = yield* call(() => sessions.getSessionList({ userId: "user_1", limit: 1, offset: 1 }))
      deepStrictEqual(page, { data: [first], totalCount: 2 })

      const revoked = yield* call(() => sessions.revokeSession(first.id))
      assert.strictEqual(revoked.status, "revoked")
      deepStrictEqual(yield* call(() => sessions.revokeSession(first.id)), revoked)
      const active = yield* call(() =>
        sessions.getSessionList({ clientId: second.clientId, status: "active" })
      )
      deepStrictEqual(active, { data: [second], totalCount: 1 })
    }).pipe(Effect.provide(served()))
  )

  it.live("mints tokens and verifies them with the key set", () =>
    Effect.gen(function* () {
      const { sessions, verify } = yield* sdk
      const { id } = yield* call(() => sessions.createSession({ userId: "user_1" }))
      const mint = (...args: [template?: string, seconds?: number]) =>
        Effect.flatMap(
          call(() => sessions.getToken(id, ...args)),
          ({ jwt }) => verify(jwt)
        )

      const plain = yield* mint()
      assert.strictEqual(plain.sid, id)
      assert.strictEqual(plain.sub, "user_1")
      assert.strictEqual(plain.exp - plain.iat, 60)
      const longer = yield* mint(undefined, 600)
      assert.strictEqual(longer.exp - longer.iat, 600)
      const templated = yield* mint("a template. of mine")
      assert.strictEqual(templated["role"], "editor")
      assert.strictEqual(templated.exp - templated.iat, 60)
      const both = yield* mint("a template. of mine", 30)
      assert.strictEqual(both["role"], "editor")
      assert.strictEqual(both.exp - both.iat, 30)
    }).pipe(Effect.provide(served()))
  )

  it.live("refreshes a session for a token or for cookies", () =>
    Effect.gen(function* () {
      const { sessions, verify } = yield* sdk
      const { id } = yield* call(() => sessions.createSession({ userId: "user_1" }))
      const { jwt } = yield* call(() => sessions.getToken(id))
      const params = {
        expired_token: jwt,
        refresh_token: Redacted.value(yield* ClerkTest.refreshToken(id)),
        request_origin: "https://app.example.com",
        request_headers: { "user-agent": ["test"] },
        request_originating_ip: "192.0.2.1"
      }
      const refreshed = yield* call(() => sessions.refreshSession(id, { ...params, format: "token" }))
      const claims = yield* verify(refreshed.jwt)
      assert.strictEqual(claims.sid, id)
      assert.strictEqual(claims.azp, "https://app.example.com")

      const { cookies } = yield* call(() =>
        sessions.refreshSession(id, { ...params, format: "cookie", suffixed_cookies: true })
      )
      const [name = "", value = ""] = cookies[0]?.split(/[=;]/) ?? []
      assert.match(name, /^__session_\w{8}$/)
      assert.strictEqual((yield* verify(value)).sid, id)

      const refused = yield* statusAndCodes(() =>
        sessions.refreshSession(id, { ...params, refresh_token: "other" })
      )
      deepStrictEqual(refused.codes, ["refresh_token_not_found"])
      assert.strictEqual(refused.status, 401)
    }).pipe(Effect.provide(served()))
  )

  it.live("decodes error responses", () =>
    Effect.gen(function* () {
      const clerk = yield* ClerkTest.ClerkTest
      const { sessions } = yield* sdk
      const unknown = yield* statusAndCodes(() => sessions.getSession("sess_none"))
      assert.strictEqual(unknown.status, 404)
      deepStrictEqual(unknown.codes, ["resource_not_found"])
      assert.match(String(unknown.error.clerkTraceId), /^[0-9a-f]{32}$/)
      const invalid = yield* statusAndCodes(() => sessions.getSessionList({ userId: "user_1", limit: 501 }))
      assert.strictEqual(invalid.status, 422)
      assert.strictEqual(invalid.error.errors[0]?.meta?.paramName, "limit")
      assert.isString(invalid.error.errors[0]?.longMessage)
      yield* clerk.inject(ClerkTest.Fault.rateLimited("7 seconds"))
      const limited = yield* statusAndCodes(() => sessions.getSession("sess_none"))
      assert.strictEqual(limited.status, 429)
      assert.strictEqual(limited.error.retryAfter, 7)
      const nobody = yield* statusAndCodes(() => sessions.createSession({ userId: "user_none" }))
      deepStrictEqual(nobody.codes, ["resource_not_found"])
    }).pipe(Effect.provide(served()))
  )

  it.live("reports a wrong secret key", () =>
    Effect.gen(function* () {
      const { apiUrl } = yield* ClerkConfig.ClerkConfig
      const { sessions } = createClerkClient({ apiUrl, secretKey: "sk_test_other" })
      const refused = yield* statusAndCodes(() => sessions.getSession("sess_1"))
      assert.strictEqual(refused.status, 401)
      deepStrictEqual(refused.codes, ["clerk_key_invalid"])
    }).pipe(Effect.provide(served()))
  )
})
