import { createHash } from "node:crypto"

import { createClerkClient, verifyToken } from "@clerk/backend"
import { isClerkAPIResponseError } from "@clerk/backend/errors"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { ClerkConfig } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { createRemoteJWKSet, jwtVerify } from "jose"

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

  it.live("reads users and makes testing tokens", () =>
    Effect.gen(function* () {
      const { apiUrl, secretKey } = yield* ClerkConfig.ClerkConfig
      const { testingTokens, users } = createClerkClient({ apiUrl, secretKey: Redacted.value(secretKey) })
      const user = yield* call(() => users.getUser("user_1"))
      deepStrictEqual([user.id, user.fullName, user.emailAddresses], ["user_1", null, []])
      const list = yield* call(() => users.getUserList({ userId: ["user_1", "user_2"], limit: 5 }))
      deepStrictEqual([list.totalCount, list.data.map(({ id }) => id)], [1, ["user_1"]])
      const unknown = yield* statusAndCodes(() => users.getUser("user_2"))
      assert.strictEqual(unknown.status, 404)
      assert.isString((yield* call(() => testingTokens.createTestingToken())).token)
    }).pipe(Effect.provide(served()))
  )

  it.live("verifies tokens with the PEM, and refuses them after a rotation", () =>
    Effect.gen(function* () {
      const clerk = yield* ClerkTest.ClerkTest
      const { session } = yield* seeded
      const token = Redacted.value(yield* clerk.sessionToken(session.id))
      const jwtKey = yield* clerk.jwtKey
      assert.strictEqual((yield* call(() => verifyToken(token, { jwtKey }))).sub, "user_1")
      yield* clerk.rotateKeys
      const rotated = yield* clerk.jwtKey
      const error = yield* Effect.flip(
        Effect.tryPromise({ try: () => verifyToken(token, { jwtKey: rotated }), catch: (error) => error })
      )
      assert.propertyVal(error, "reason", "token-invalid-signature")
    }).pipe(Effect.provide(served()))
  )
})

/** A session with an organization and permissions, and the options of `authenticateRequest`. */
const seeded = Effect.gen(function* () {
  const clerk = yield* ClerkTest.ClerkTest
  const { apiUrl, secretKey } = yield* ClerkConfig.ClerkConfig
  const session = yield* clerk.addSession({
    userId: "user_1",
    organization: { id: "org_1", role: "org:admin", permissions: ["org:invoices:read"] },
    features: ["o:dashboard"],
    plans: ["o:pro"]
  })
  const client = createClerkClient({
    apiUrl,
    secretKey: Redacted.value(secretKey),
    publishableKey: clerk.publishableKey,
    telemetry: { disabled: true }
  })
  const authenticate = (headers: Record<string, string>) =>
    call(() => client.authenticateRequest(new Request("https://app.example.test/", { headers })))
  return { authenticate, clerk, session }
})

const suffixOf = (publishableKey: string) =>
  createHash("sha1").update(publishableKey).digest("base64url").slice(0, 8)

/** What a browser sends to a development instance. */
const cookies = (values: Readonly<Record<string, string>>, suffix = "") => {
  const all = { __clerk_db_jwt: "dev_browser", __client_uat: "1", ...values }
  const named = Object.entries(all).map(([name, value]) => `${name}${suffix}=${value}`)
  return { cookie: named.join("; "), accept: "text/html", "sec-fetch-dest": "document" }
}

describe("authenticateRequest of the official SDK", () => {
  it.live("accepts session tokens by header, cookie and suffixed cookie", () =>
    Effect.gen(function* () {
      const { authenticate, clerk, session } = yield* seeded
      const token = Redacted.value(yield* clerk.sessionToken(session.id))
      const suffix = `_${suffixOf(clerk.publishableKey)}`
      for (const headers of [
        { authorization: `Bearer ${token}` },
        cookies({ __session: token }),
        cookies({ __session: token }, suffix)
      ]) {
        const state = yield* authenticate(headers)
        assert.strictEqual(state.status, "signed-in", String(state.reason))
        const auth = state.toAuth()
        assert.isNotNull(auth)
        if (auth === null || auth.tokenType !== "session_token") continue
        deepStrictEqual([auth.userId, auth.sessionId, auth.orgId], ["user_1", session.id, "org_1"])
        assert.isTrue(auth.has({ permission: "org:invoices:read" }))
        assert.isFalse(auth.has({ permission: "org:dashboard:read" }))
        assert.isTrue(auth.has({ role: "org:admin" }))
        assert.isTrue(auth.has({ feature: "dashboard" }))
        assert.isTrue(auth.has({ plan: "pro" }))
      }
    }).pipe(Effect.provide(served()))
  )

  it.live("refuses tokens of templates, of other keys and of other kinds", () =>
    Effect.gen(function* () {
      const { authenticate, clerk, session } = yield* seeded
      const { sessions } = yield* sdk
      const template = yield* call(() => sessions.getToken(session.id, "a template. of mine"))
      const foreign = yield* ClerkTest.sessionToken("sess_1").pipe(
        Effect.provide(ClerkTest.layer({ seed: "other", sessions: [{ id: "sess_1", userId: "user_1" }] }))
      )
      const unsigned = yield* clerk.sessionToken(session.id, { header: { alg: "none" } })
      const early = yield* clerk.sessionToken(session.id, { claims: { nbf: 9_999_999_999 } })
      for (const token of [template.jwt, ...[foreign, unsigned, early].map(Redacted.value)]) {
        assert.strictEqual((yield* authenticate({ authorization: `Bearer ${token}` })).status, "signed-out")
      }
    }).pipe(Effect.provide(served()))
  )

  it.live("takes a pending session for signed out", () =>
    Effect.gen(function* () {
      const { authenticate, clerk, session } = yield* seeded
      yield* clerk.setStatus(session.id, "pending")
      const token = Redacted.value(yield* clerk.sessionToken(session.id))
      const auth = (yield* authenticate({ authorization: `Bearer ${token}` })).toAuth()
      assert.propertyVal(auth, "userId", null)
      assert.propertyVal(auth, "sessionStatus", "pending")
    }).pipe(Effect.provide(served()))
  )

  it.live("refreshes an expired cookie once: the next request has a new one", () =>
    Effect.gen(function* () {
      const { authenticate, clerk, session } = yield* seeded
      const suffix = `_${suffixOf(clerk.publishableKey)}`
      const expired = yield* clerk.sessionToken(session.id, { claims: { iat: 100, nbf: 90, exp: 160 } })
      const jar = {
        __session: Redacted.value(expired),
        __refresh: Redacted.value(yield* clerk.refreshToken(session.id))
      }
      const refreshed = yield* authenticate(cookies(jar, suffix))
      assert.strictEqual(refreshed.status, "signed-in", String(refreshed.reason))
      const set = Object.fromEntries(
        refreshed.headers.getSetCookie().map((cookie) => cookie.split(";")[0]?.split("=") ?? [])
      )
      deepStrictEqual(Object.keys(set), [`__session${suffix}`, `__refresh${suffix}`])
      const again = yield* authenticate(
        cookies({ __session: set[`__session${suffix}`], __refresh: set[`__refresh${suffix}`] }, suffix)
      )
      assert.strictEqual(again.status, "signed-in", String(again.reason))
      deepStrictEqual(again.headers.getSetCookie(), [])
      const operations = (yield* clerk.requests).map(({ operation }) => operation)
      deepStrictEqual(
        operations.filter((operation) => operation === "Sessions.refresh"),
        ["Sessions.refresh"]
      )
    }).pipe(Effect.provide(served()))
  )

  it.live("sends browsers to the issuer for a handshake", () =>
    Effect.gen(function* () {
      const { authenticate, clerk, session } = yield* seeded
      const expired = yield* clerk.sessionToken(session.id, { claims: { iat: 100, nbf: 90, exp: 160 } })
      const state = yield* authenticate(cookies({ __session: Redacted.value(expired) }))
      assert.strictEqual(state.status, "handshake")
      const location = new URL(String(state.headers.get("location")))
      assert.strictEqual(location.origin, clerk.issuer)
    }).pipe(Effect.provide(served()))
  )
})

describe("jose", () => {
  it.live("verifies tokens with the public key set, which it fetches again after a rotation", () =>
    Effect.gen(function* () {
      const { clerk, session } = yield* seeded
      const { apiUrl } = yield* ClerkConfig.ClerkConfig
      const keys = createRemoteJWKSet(new URL(`${apiUrl}/.well-known/jwks.json`), { cooldownDuration: 0 })
      const verified = Effect.flatMap(clerk.sessionToken(session.id), (token) =>
        call(() => jwtVerify(Redacted.value(token), keys, { issuer: clerk.issuer }))
      )
      assert.strictEqual((yield* verified).payload.sub, "user_1")
      yield* clerk.rotateKeys
      assert.strictEqual((yield* verified).payload.sub, "user_1")
    }).pipe(Effect.provide(served()))
  )
})
