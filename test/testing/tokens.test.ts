import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { ClerkError, Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as Jose from "jose"

import { entries, refusal, send } from "./utils.js"

/** What any verifier does with the key set that the Clerk publishes. */
const verify = (jwt: Redacted.Redacted, now: number) =>
  Effect.flatMap(send("GET", "/v1/jwks"), ({ body }) =>
    Effect.promise(() =>
      // As a verifier would take it from the network: it checks the shape itself.
      Jose.jwtVerify(Redacted.value(jwt), Jose.createLocalJWKSet(body as Jose.JSONWebKeySet), {
        currentDate: new Date(now)
      })
    )
  )

const seconds = (jwt: Redacted.Redacted) => {
  const { exp = 0, iat = 0 } = Jose.decodeJwt(Redacted.value(jwt))
  return exp - iat
}

const seeded = ClerkTest.layer({
  sessions: [{ id: "sess_1", userId: "user_1" }],
  templates: {
    hasura: { claims: { role: "editor", sub: "user_other", nested: { deep: [1, null] } } },
    "long lived. v2/a": { lifetime: "1 hour" }
  }
})

const start = 1_700_000_000

describe("createToken", () => {
  // Stands first, so that its first token waits for the process's key pair.
  it.effect("is not outrun by a test clock, although signing takes real time", () =>
    Effect.gen(function* () {
      const clerk = yield* ClerkTest.ClerkTest
      const minted = Effect.gen(function* () {
        const fiber = yield* Effect.fork(Sessions.createToken("sess_1"))
        yield* TestClock.adjust("1 minute")
        return yield* Fiber.join(fiber)
      })
      yield* Effect.replicateEffect(minted, 20)
      yield* clerk.fail(ClerkTest.Fault.rateLimited("5 seconds"))
      yield* minted
      assert.lengthOf(yield* clerk.requests, 22)
    }).pipe(Effect.provide(seeded))
  )

  it.effect("mints an RS256 JWT with the claims of a session token, version 2", () =>
    Effect.gen(function* () {
      const clerk = yield* ClerkTest.ClerkTest
      yield* TestClock.setTime(start * 1000)
      const { id } = yield* clerk.addSession({ userId: "user_2" })
      yield* TestClock.adjust("150 seconds")
      const { jwt } = yield* Sessions.createToken(id)
      const { payload, protectedHeader } = yield* verify(jwt, (start + 150) * 1000)
      const { jti, ...claims } = payload
      assert.strictEqual(protectedHeader.alg, "RS256")
      assert.match(String(jti), /^\w{20}$/)
      deepStrictEqual(claims, {
        iss: "https://test-clerk-00.clerk.accounts.dev",
        sub: "user_2",
        sid: id,
        sts: "active",
        iat: start + 150,
        nbf: start + 145,
        exp: start + 210,
        v: 2,
        fva: [2, -1]
      })
    }).pipe(Effect.provide(seeded))
  )

  it.effect("says which organization is active and who impersonates the user", () =>
    Effect.gen(function* () {
      const clerk = yield* ClerkTest.ClerkTest
      yield* clerk.addSession({
        id: "sess_2",
        userId: "user_1",
        lastActiveOrganizationId: Option.some("org_Acme"),
        actor: Option.some({ sub: "user_admin" })
      })
      const { jwt } = yield* Sessions.createToken("sess_2")
      const { act, o } = Jose.decodeJwt(Redacted.value(jwt))
      deepStrictEqual(o, { id: "org_Acme", slg: "org-acme", rol: "member" })
      deepStrictEqual(act, { sub: "user_admin" })
    }).pipe(Effect.provide(seeded))
  )

  it.effect("never mints the same token twice, and the same ones again from the same seed", () =>
    Effect.gen(function* () {
      const keyPair = yield* Effect.promise(() => Jose.generateKeyPair("RS256"))
      const two = Effect.replicateEffect(
        Effect.map(Sessions.createToken("sess_1"), ({ jwt }) => Redacted.value(jwt)),
        2
      ).pipe(Effect.provide(ClerkTest.layer({ keyPair, sessions: [{ id: "sess_1", userId: "user_1" }] })))
      const [first, second] = yield* two
      assert.notStrictEqual(first, second)
      deepStrictEqual(yield* two, [first, second])
    })
  )

  it.effect("honours the lifetime that is asked for, and the one of the instance", () =>
    Effect.gen(function* () {
      assert.strictEqual(seconds((yield* Sessions.createToken("sess_1")).jwt), 90)
      assert.strictEqual(
        seconds((yield* Sessions.createToken("sess_1", { expiresIn: "30 seconds" })).jwt),
        30
      )
      const tenYears = { expiresIn: "315360000 seconds" } as const
      assert.strictEqual(seconds((yield* Sessions.createToken("sess_1", tenYears)).jwt), 315_360_000)
    }).pipe(
      Effect.provide(
        ClerkTest.layer({ tokenLifetime: "90 seconds", sessions: [{ id: "sess_1", userId: "user_1" }] })
      )
    )
  )

  it.effect("takes null for the default, and refuses lifetimes out of bounds", () =>
    Effect.gen(function* () {
      const mint = (lifetime: unknown) =>
        send("POST", "/v1/sessions/sess_1/tokens", { body: JSON.stringify({ expires_in_seconds: lifetime }) })
      assert.strictEqual((yield* mint(null)).status, 200)
      for (const lifetime of [29, 315_360_001, 60.5, "60", true]) {
        const answer = yield* mint(lifetime)
        deepStrictEqual(refusal(answer), [422, "form_param_format_invalid"])
        assert.strictEqual(entries(answer)[0]?.meta?.param_name, "expires_in_seconds")
      }
    }).pipe(Effect.provide(seeded))
  )

  it.effect("finds only sessions that are active", () =>
    Effect.gen(function* () {
      const clerk = yield* ClerkTest.ClerkTest
      for (const status of ["pending", "revoked", "ended", "expired", "replaced"]) {
        yield* clerk.setStatus("sess_1", status)
        assert.instanceOf(yield* Effect.flip(Sessions.createToken("sess_1")), ClerkError.NotFound)
        const fromTemplate = Sessions.createTokenFromTemplate("sess_1", "hasura")
        assert.instanceOf(yield* Effect.flip(fromTemplate), ClerkError.NotFound)
      }
      yield* clerk.setStatus("sess_1", "active")
      yield* Sessions.createToken("sess_1")
      yield* TestClock.adjust("8 days")
      assert.instanceOf(yield* Effect.flip(Sessions.createToken("sess_1")), ClerkError.NotFound)
      assert.instanceOf(yield* Effect.flip(Sessions.createToken("sess_none")), ClerkError.NotFound)
    }).pipe(Effect.provide(seeded))
  )
})

describe("createTokenFromTemplate", () => {
  it.effect("mints the claims of the template, which do not override the default ones", () =>
    Effect.gen(function* () {
      const { jwt } = yield* Sessions.createTokenFromTemplate("sess_1", "hasura")
      const { payload } = yield* verify(jwt, 0)
      const { jti, ...claims } = payload
      assert.isString(jti)
      deepStrictEqual(claims, {
        role: "editor",
        nested: { deep: [1, null] },
        iss: "https://test-clerk-00.clerk.accounts.dev",
        sub: "user_1",
        iat: 0,
        nbf: -5,
        exp: 60
      })
    }).pipe(Effect.provide(seeded))
  )

  it.effect("knows templates by any name, their lifetimes, and the one that is asked for", () =>
    Effect.gen(function* () {
      const lived = yield* Sessions.createTokenFromTemplate("sess_1", "long lived. v2/a")
      assert.strictEqual(seconds(lived.jwt), 3600)
      const asked = yield* Sessions.createTokenFromTemplate("sess_1", "hasura", { expiresIn: "45 seconds" })
      assert.strictEqual(seconds(asked.jwt), 45)
    }).pipe(Effect.provide(seeded))
  )

  it.effect("does not find a template that is not there, whatever it is called", () =>
    Effect.gen(function* () {
      for (const name of ["other", "toString", "__proto__"]) {
        const error = yield* Effect.flip(Sessions.createTokenFromTemplate("sess_1", name))
        assert.instanceOf(error, ClerkError.NotFound)
        assert.include(String(Option.getOrUndefined(error.errors[0]?.longMessage ?? Option.none())), name)
      }
    }).pipe(Effect.provide(seeded))
  )
})

describe("the keys", () => {
  it.effect("are one public key, under the id that the tokens name", () =>
    Effect.gen(function* () {
      const { body } = yield* send("GET", "/v1/jwks")
      const { keys } = body as Jose.JSONWebKeySet
      const { jwt } = yield* Sessions.createToken("sess_1")
      deepStrictEqual(
        keys.map(({ e, n, ...key }) => ({ ...key, n: typeof n, e: typeof e })),
        [
          {
            use: "sig",
            kty: "RSA",
            alg: "RS256",
            kid: String(Jose.decodeProtectedHeader(Redacted.value(jwt)).kid),
            n: "string",
            e: "string"
          }
        ]
      )
    }).pipe(Effect.provide(seeded))
  )

  it.effect("are the process's own unless given, and a token of another key is another Clerk's", () =>
    Effect.gen(function* () {
      const keyPair = yield* Effect.promise(() => Jose.generateKeyPair("RS256"))
      const keySet = (options: ClerkTest.Options) =>
        Effect.map(send("GET", "/v1/jwks"), ({ body }) => JSON.stringify(body)).pipe(
          Effect.provide(ClerkTest.layer(options))
        )
      assert.strictEqual(yield* keySet({}), yield* keySet({ seed: "another" }))
      assert.strictEqual(yield* keySet({ keyPair }), yield* keySet({ keyPair }))
      assert.notStrictEqual(yield* keySet({ keyPair }), yield* keySet({}))
    })
  )
})
