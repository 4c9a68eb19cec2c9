/** Tokens of the fake Clerk through the real verifier, on the clock of the test. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted, TestClock } from "effect"
import { SessionClaims, Sessions } from "effect-clerk"
import * as SessionVerifier from "effect-clerk/SessionVerifier"
import { ClerkTest } from "effect-clerk/testing"

const clerk = ClerkTest.layer({
  templates: { hasura: { claims: { role: "editor" } } },
  sessions: [
    { id: "sess_1", userId: "user_1" },
    { id: "sess_pending", status: "pending" },
    {
      id: "sess_org",
      lastActiveOrganizationId: "org_1",
      organization: { role: "admin", permissions: ["org:invoices:read", "org:invoices:manage"] },
      features: ["o:invoices", "o:teams", "u:beta"],
      plans: ["o:pro"],
      claims: { department: "sales" }
    }
  ]
})

const verified = (options: SessionVerifier.KeySetOptions = {}) =>
  Layer.provideMerge(SessionVerifier.layer(options), clerk)

const verdict = (token: Redacted.Redacted) =>
  SessionVerifier.verify(token).pipe(
    Effect.map((claims): string => claims.sessionId),
    Effect.catchTag("TokenRejected", ({ reason }) => Effect.succeed(reason)),
    Effect.catchAll(({ _tag }) => Effect.succeed(_tag))
  )

const mint = (sessionId: string) => Effect.map(Sessions.createToken(sessionId), ({ jwt }) => jwt)

describe("tokens of the fake Clerk", () => {
  it.effect("verify until they expire, and the session they were minted for may be gone by then", () =>
    Effect.gen(function* () {
      const token = yield* mint("sess_1")
      assert.strictEqual(yield* verdict(token), "sess_1")
      yield* Sessions.revoke("sess_1")
      yield* TestClock.adjust("64999 millis")
      assert.strictEqual(yield* verdict(token), "sess_1")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* verdict(token), "TokenExpired")
    }).pipe(Effect.provide(verified()))
  )

  it.effect("are rejected where they come from a template", () =>
    Effect.gen(function* () {
      const { jwt } = yield* Sessions.createTokenFromTemplate("sess_1", "hasura")
      assert.strictEqual(yield* verdict(jwt), "kind")
    }).pipe(Effect.provide(verified()))
  )

  it.effect("are pending while the session is", () =>
    Effect.gen(function* () {
      const { sessionToken } = yield* ClerkTest.ClerkTest
      assert.strictEqual(yield* verdict(yield* sessionToken("sess_pending")), "SessionPending")
    }).pipe(Effect.provide(verified()))
  )

  it.effect("of Sessions.createToken have no party", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* verdict(yield* mint("sess_1")), "party")
    }).pipe(Effect.provide(verified({ authorizedParties: ["https://example.com"] })))
  )

  it.effect("carry the organization, in both versions", () =>
    Effect.gen(function* () {
      const { sessionToken } = yield* ClerkTest.ClerkTest
      for (const version of [1, 2] as const) {
        const claims = yield* SessionVerifier.verify(yield* sessionToken("sess_org", { version }))
        assert.deepStrictEqual(
          Option.map(claims.organization, ({ id }) => id),
          Option.some("org_1")
        )
        assert.isTrue(SessionClaims.hasRole(claims, "org:admin"))
        assert.isTrue(SessionClaims.hasPermission(claims, "org:invoices:manage"))
        assert.isFalse(SessionClaims.hasPermission(claims, "org:teams:read"))
        assert.strictEqual(claims.custom["department"], "sales")
      }
      const claims = yield* SessionVerifier.verify(yield* mint("sess_org"))
      assert.isTrue(SessionClaims.hasPlan(claims, "pro"))
      assert.isTrue(SessionClaims.hasFeature(claims, "user:beta"))
    }).pipe(Effect.provide(verified()))
  )

  it.effect("verify after a rotation of the keys", () =>
    Effect.gen(function* () {
      const { rotateKeys } = yield* ClerkTest.ClerkTest
      const before = yield* mint("sess_1")
      assert.strictEqual(yield* verdict(before), "sess_1")
      yield* rotateKeys
      assert.strictEqual(yield* verdict(yield* mint("sess_1")), "sess_1")
      assert.strictEqual(yield* verdict(before), "unknownKey")
    }).pipe(Effect.provide(verified()))
  )

  it.effect("verify with its public key, and are found in its cookies", () =>
    Effect.gen(function* () {
      const { jwtKey, publishableKey } = yield* ClerkTest.ClerkTest
      const token = yield* mint("sess_1")
      const layer = SessionVerifier.layerKey({ jwtKey: yield* jwtKey, publishableKey })
      const headers = { authorization: `Bearer ${Redacted.value(token)}` }
      const { carrier, claims } = yield* Effect.provide(SessionVerifier.authenticate(headers), layer)
      assert.strictEqual(`${carrier} ${claims.sessionId}`, "header sess_1")
    }).pipe(Effect.provide(clerk))
  )

  it.effect("cannot be judged while it is down, and can be afterwards", () =>
    Effect.gen(function* () {
      const { inject } = yield* ClerkTest.ClerkTest
      const token = yield* mint("sess_1")
      yield* inject(ClerkTest.Fault.status(401, ClerkTest.errors("secret_key_invalid")))
      assert.strictEqual(yield* verdict(token), "KeysUnavailable")
      assert.strictEqual(yield* verdict(token), "sess_1")
    }).pipe(Effect.provide(verified()))
  )
})
