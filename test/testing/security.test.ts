import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { SessionClaims, Sessions } from "effect-clerk"
import * as SessionVerifier from "effect-clerk/SessionVerifier"
import { ClerkTest } from "effect-clerk/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"

const authorizedParty = "https://app.example.test"

const Clerk = ClerkTest.layer({
  sessions: [
    {
      id: "sess_1",
      userId: "user_1",
      actor: { sub: "user_admin" },
      organization: { id: "org_1", slug: "acme", role: "org:admin", permissions: ["org:invoices:read"] },
      features: ["o:dashboard"],
      plans: ["o:pro"],
      claims: { email: "someone@example.test" }
    }
  ],
  templates: { hasura: {} }
})

const layer = Layer.provideMerge(SessionVerifier.layer({ authorizedParties: [authorizedParty] }), Clerk)

const genuine = ClerkTest.sessionToken("sess_1", { claims: { azp: authorizedParty } })

describe("the verifier and the fake", () => {
  it.effect("agree about the claims of both versions", () =>
    Effect.gen(function* () {
      for (const version of [1, 2] as const) {
        const token = yield* ClerkTest.sessionToken("sess_1", { version, claims: { azp: authorizedParty } })
        const claims = yield* SessionVerifier.verify(token)
        deepStrictEqual([claims.userId as string, claims.sessionId as string], ["user_1", "sess_1"])
        assert.isTrue(SessionClaims.hasRole(claims, "org:admin"))
        assert.isTrue(SessionClaims.hasPermission(claims, "org:invoices:read"))
        assert.isFalse(SessionClaims.hasPermission(claims, "org:dashboard:read"))
        assert.strictEqual(SessionClaims.hasPlan(claims, "pro"), version === 2)
        assert.strictEqual(claims.custom["email"], "someone@example.test")
        deepStrictEqual(
          Option.map(claims.organization, ({ slug }) => slug),
          Option.some(Option.some("acme"))
        )
      }
    }).pipe(Effect.provide(layer))
  )

  it.effect("refuse forged tokens", () =>
    Effect.gen(function* () {
      const clerk = yield* ClerkTest.ClerkTest
      const azp = authorizedParty
      const expired = yield* genuine
      yield* TestClock.adjust("2 minutes")
      yield* SessionVerifier.verify(yield* genuine)
      const { jwt: template } = yield* Sessions.createTokenFromTemplate("sess_1", "hasura")
      const otherInstance = yield* Effect.provide(
        genuine,
        ClerkTest.layer({ seed: "another", sessions: [{ id: "sess_1", userId: "user_1" }] })
      )
      for (const [name, token, tag] of [
        ["expired", expired, "TokenExpired"],
        ["early", yield* clerk.sessionToken("sess_1", { claims: { azp, nbf: 1000 } }), "TokenNotYetValid"],
        [
          "unsigned",
          yield* clerk.sessionToken("sess_1", { claims: { azp }, header: { alg: "none" } }),
          "TokenRejected"
        ],
        [
          "critical",
          yield* clerk.sessionToken("sess_1", { claims: { azp }, header: { crit: ["x"] } }),
          "TokenRejected"
        ],
        [
          "kind",
          yield* clerk.sessionToken("sess_1", { claims: { azp }, header: { cat: "cl_B7d4PD222AAA" } }),
          "TokenRejected"
        ],
        ["template", template, "TokenRejected"],
        [
          "party",
          yield* clerk.sessionToken("sess_1", { claims: { azp: "https://evil.example" } }),
          "TokenRejected"
        ],
        ["no party", yield* clerk.sessionToken("sess_1"), "TokenRejected"],
        ["other instance", otherInstance, "TokenRejected"],
        [
          "pending",
          yield* clerk.sessionToken("sess_1", { claims: { azp, sts: "pending" } }),
          "SessionPending"
        ]
      ] as const) {
        const error = yield* Effect.flip(SessionVerifier.verify(token))
        assert.strictEqual(error._tag, tag, name)
      }
    }).pipe(Effect.provide(layer))
  )

  it.effect("follow a rotation of the keys", () =>
    Effect.gen(function* () {
      const before = yield* genuine
      yield* SessionVerifier.verify(before)
      yield* ClerkTest.rotateKeys
      yield* TestClock.adjust("31 seconds")
      yield* SessionVerifier.verify(yield* genuine)
      const error = yield* Effect.flip(SessionVerifier.verify(before))
      assert.strictEqual(error._tag, "TokenRejected")
    }).pipe(Effect.provide(layer))
  )
})
