import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { ClerkError, Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as Jose from "jose"

import { entries, statusAndCodes, send } from "./utils.js"

/** Verifies a token with the published key set. */
const verify = (jwt: Redacted.Redacted, now: number) =>
  Effect.flatMap(send("GET", "/v1/jwks"), ({ body }) =>
    Effect.promise(() =>
      // jose validates the key set.
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
  // The first test, so that its first token waits until the key is generated.
  it.effect("does not time out under a test clock, although signing takes real time", () =>
    Effect.gen(function* () {
      const clerk = yield* ClerkTest.ClerkTest
      const minted = Effect.gen(function* () {
        const fiber = yield* Effect.fork(Sessions.createToken("sess_1"))
        yield* TestClock.adjust("1 minute")
        return yield* Fiber.join(fiber)
      })
      yield* Effect.replicateEffect(minted, 20)
      yield* clerk.inject(ClerkTest.Fault.rateLimited("5 seconds"))
      yield* minted
      assert.lengthOf(yield* clerk.requests, 22)
    }).pipe(Effect.provide(seeded))
  )

  it.effect("mints an RS256 JWT with the claims of version 2", () =>
    Effect.gen(function* () {
      const clerk = yield* ClerkTest.ClerkTest
      yield* TestClock.setTime(start * 1000)
      const { id } = yield* clerk.addSession({ userId: "user_2" })
      yield* TestClock.adjust("150 seconds")
      const { jwt } = yield* Sessions.createToken(id)
      const { payload, protectedHeader } = yield* verify(jwt, (start + 150) * 1000)
      const { jti, ...claims } = payload
      assert.strictEqual(protectedHeader.alg, "RS256")
      assert.strictEqual(protectedHeader["cat"], "cl_B7d4PD111AAA")
      assert.strictEqual(protectedHeader.typ, "JWT")
      assert.match(String(jti), /^[0-9a-f]{20}$/)
      deepStrictEqual(claims, {
        iss: "https://clerk.development.test",
        sub: "user_2",
        sid: id,
        iat: start + 150,
        nbf: start + 140,
        exp: start + 210,
        v: 2,
        fva: [2, -1]
      })
    }).pipe(Effect.provide(seeded))
  )

  it.effect("contains the active organization and the actor", () =>
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

  it.effect("mints unique tokens, the same for the same seed", () =>
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

  it.effect("uses the requested lifetime, else the one of the instance", () =>
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

  it.effect("accepts null as the default and rejects lifetimes out of bounds", () =>
    Effect.gen(function* () {
      const mint = (lifetime: unknown) =>
        send("POST", "/v1/sessions/sess_1/tokens", { body: JSON.stringify({ expires_in_seconds: lifetime }) })
      assert.strictEqual((yield* mint(null)).status, 200)
      for (const lifetime of [29, 315_360_001, 60.5, "60", true]) {
        const response = yield* mint(lifetime)
        deepStrictEqual(statusAndCodes(response), [422, "form_param_format_invalid"])
        assert.strictEqual(entries(response)[0]?.meta?.param_name, "expires_in_seconds")
      }
    }).pipe(Effect.provide(seeded))
  )

  it.effect("rejects sessions that are not active", () =>
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
  it.effect("adds the claims of the template to the default claims", () =>
    Effect.gen(function* () {
      const { jwt } = yield* Sessions.createTokenFromTemplate("sess_1", "hasura")
      const { payload, protectedHeader } = yield* verify(jwt, 0)
      assert.strictEqual(protectedHeader["cat"], "cl_B7d4PD222AAA")
      const { jti, ...claims } = payload
      assert.isString(jti)
      deepStrictEqual(claims, {
        role: "editor",
        nested: { deep: [1, null] },
        iss: "https://clerk.development.test",
        sub: "user_1",
        iat: 0,
        nbf: -10,
        exp: 60
      })
    }).pipe(Effect.provide(seeded))
  )

  it.effect("finds templates by any name and uses their lifetimes", () =>
    Effect.gen(function* () {
      const lived = yield* Sessions.createTokenFromTemplate("sess_1", "long lived. v2/a")
      assert.strictEqual(seconds(lived.jwt), 3600)
      const asked = yield* Sessions.createTokenFromTemplate("sess_1", "hasura", { expiresIn: "45 seconds" })
      assert.strictEqual(seconds(asked.jwt), 45)
    }).pipe(Effect.provide(seeded))
  )

  it.effect("rejects unknown templates", () =>
    Effect.gen(function* () {
      for (const name of ["other", "toString", "__proto__"]) {
        const error = yield* Effect.flip(Sessions.createTokenFromTemplate("sess_1", name))
        assert.instanceOf(error, ClerkError.NotFound)
        assert.include(String(Option.getOrUndefined(error.errors[0]?.longMessage ?? Option.none())), name)
      }
    }).pipe(Effect.provide(seeded))
  )
})

describe("session claims", () => {
  const organization = {
    id: "org_1",
    slug: "acme",
    role: "org:admin",
    permissions: ["org:teams:read", "org:invoices:manage", "org:invoices:read", "org:sys_memberships:manage"]
  }

  const claims = (seed: ClerkTest.SessionSeed, options: ClerkTest.Options = {}) =>
    Sessions.createToken("sess_1").pipe(
      Effect.map(({ jwt }) => Jose.decodeJwt(Redacted.value(jwt))),
      Effect.provide(ClerkTest.layer({ ...options, sessions: [{ id: "sess_1", userId: "user_1", ...seed }] }))
    )

  it.effect("encode permissions as masks over the features of the organization", () =>
    Effect.gen(function* () {
      const { fea, o, pla } = yield* claims({
        organization,
        features: ["u:beta", "dashboard", "o:invoices"],
        plans: ["pro", "u:free"]
      })
      assert.strictEqual(fea, "o:dashboard,o:invoices,o:teams,u:beta")
      assert.strictEqual(pla, "o:pro,u:free")
      deepStrictEqual(o, { id: "org_1", slg: "acme", rol: "admin", per: "read,manage", fpm: "0,3,1" })
    })
  )

  it.effect("decode to the permissions they were made of, however many there are", () =>
    Effect.gen(function* () {
      const permissions = Array.from({ length: 70 }, (_, index) => `org:f${index % 3}:p${index}`)
      const { fea, o } = yield* claims({ organization: { id: "org_1", permissions } })
      const { fpm, per } = o as { readonly fpm: string; readonly per: string }
      const decoded = String(fea)
        .split(",")
        .flatMap((feature, index) =>
          per
            .split(",")
            .filter((_, bit) => ((BigInt(fpm.split(",")[index] ?? "0") >> BigInt(bit)) & 1n) === 1n)
            .map((name) => `org:${feature.slice(2)}:${name}`)
        )
      assert.sameMembers(decoded, permissions)
    })
  )

  it.effect("contain nothing of the organization where none is active", () =>
    Effect.gen(function* () {
      const { fea, o, pla } = yield* claims({ features: ["beta"], plans: ["free"] })
      deepStrictEqual([fea, o, pla], ["u:beta", undefined, "u:free"])
    })
  )

  it.effect("of version 1 are flat", () =>
    Effect.gen(function* () {
      const v1 = yield* claims({ organization, features: ["o:dashboard"] }, { tokenVersion: 1 })
      deepStrictEqual(v1, {
        iss: "https://clerk.development.test",
        sub: "user_1",
        sid: "sess_1",
        iat: 0,
        nbf: -10,
        exp: 60,
        fva: [0, -1],
        org_id: "org_1",
        org_slug: "acme",
        org_role: "org:admin",
        org_permissions: ["org:teams:read", "org:invoices:manage", "org:invoices:read"]
      })
    })
  )

  it.effect("include custom claims, which cannot replace Clerk's own", () =>
    Effect.gen(function* () {
      const custom = { email: "a@example.test", sub: "user_2", sts: "pending", azp: "x", o: {}, org_id: "y" }
      const { azp, email, o, org_id, sts, sub } = yield* claims({ claims: custom })
      deepStrictEqual(
        [email, sub, sts, azp, o, org_id],
        ["a@example.test", "user_1", undefined, undefined, undefined, undefined]
      )
    })
  )

  it.effect("die at once if a permission has the wrong form", () =>
    Effect.gen(function* () {
      const permissions = ["invoices:read"]
      const cause = yield* Effect.flip(Effect.sandbox(claims({ organization: { id: "org_1", permissions } })))
      assert.include(Cause.pretty(cause), 'the permission "invoices:read" must read "org:feature:permission"')
    })
  )

  it.effect("survive infinite lifetimes", () =>
    Effect.gen(function* () {
      const { exp } = yield* claims(
        {},
        {
          tokenLifetime: Duration.infinity,
          sessionLifetime: Duration.infinity,
          inactivityLifetime: Duration.infinity
        }
      )
      assert.isTrue(Number.isSafeInteger(exp))
    })
  )
})

describe("sessionToken", () => {
  it.effect("mints tokens of sessions in any state, whose sts names the state", () =>
    Effect.gen(function* () {
      const clerk = yield* ClerkTest.ClerkTest
      const sts = Effect.map(
        ClerkTest.sessionToken("sess_1"),
        (token) => Jose.decodeJwt(Redacted.value(token))["sts"]
      )
      assert.isUndefined(yield* sts)
      yield* clerk.setStatus("sess_1", "pending")
      assert.strictEqual(yield* sts, "pending")
      yield* clerk.setStatus("sess_1", "revoked")
      assert.strictEqual(yield* sts, "revoked")
      const exit = yield* Effect.exit(clerk.sessionToken("sess_2"))
      assert.include(String(exit), "ClerkTest: there is no session sess_2")
    }).pipe(Effect.provide(seeded))
  )

  it.effect("replaces, adds and removes claims and members of the header", () =>
    Effect.gen(function* () {
      const token = Redacted.value(
        yield* ClerkTest.sessionToken("sess_1", {
          claims: { iss: "https://clerk.other.test", azp: "https://app.test", sid: undefined },
          header: { cat: undefined, crit: ["x"], typ: "at+jwt" }
        })
      )
      const { azp, iss, sid, sub } = Jose.decodeJwt(token)
      deepStrictEqual(
        [iss, azp, sid, sub],
        ["https://clerk.other.test", "https://app.test", undefined, "user_1"]
      )
      const { alg, cat, crit, typ } = Jose.decodeProtectedHeader(token)
      deepStrictEqual([alg, cat, crit, typ], ["RS256", undefined, ["x"], "at+jwt"])
      const v1 = yield* ClerkTest.sessionToken("sess_1", { version: 1 })
      assert.isUndefined(Jose.decodeJwt(Redacted.value(v1))["v"])
    }).pipe(Effect.provide(seeded))
  )

  it.effect("leaves the signature out for alg none, and keeps a valid one for other headers", () =>
    Effect.gen(function* () {
      const unsigned = yield* ClerkTest.sessionToken("sess_1", { header: { alg: "none" } })
      assert.match(Redacted.value(unsigned), /^[\w-]+\.[\w-]+\.$/)
      const template = yield* ClerkTest.sessionToken("sess_1", { header: { cat: "cl_B7d4PD222AAA" } })
      const { protectedHeader } = yield* verify(template, 0)
      assert.strictEqual(protectedHeader["cat"], "cl_B7d4PD222AAA")
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

  it.effect("are public at /.well-known/jwks.json, and need a secret key at /v1/jwks", () =>
    Effect.gen(function* () {
      const published = yield* send("GET", "/.well-known/jwks.json", { headers: {} })
      assert.strictEqual(published.status, 200)
      deepStrictEqual(published.body, (yield* send("GET", "/v1/jwks")).body)
      deepStrictEqual(statusAndCodes(yield* send("GET", "/v1/jwks", { headers: {} })), [
        401,
        "authentication_invalid"
      ])
    }).pipe(Effect.provide(seeded))
  )

  it.effect("are in jwtKey as PEM", () =>
    Effect.gen(function* () {
      const clerk = yield* ClerkTest.ClerkTest
      const pem = yield* clerk.jwtKey
      assert.match(pem, /^-----BEGIN PUBLIC KEY-----\n[^]+\n-----END PUBLIC KEY-----\s*$/)
      const { jwt } = yield* Sessions.createToken("sess_1")
      const { payload } = yield* Effect.promise(async () =>
        Jose.jwtVerify(Redacted.value(jwt), await Jose.importSPKI(pem, "RS256"), { currentDate: new Date(0) })
      )
      assert.strictEqual(payload.sub, "user_1")
    }).pipe(Effect.provide(seeded))
  )

  it.effect("change with rotateKeys, and tokens of the previous key no longer verify", () =>
    Effect.gen(function* () {
      const clerk = yield* ClerkTest.ClerkTest
      const before = yield* Sessions.createToken("sess_1")
      const pem = yield* clerk.jwtKey
      yield* ClerkTest.rotateKeys
      assert.notStrictEqual(yield* clerk.jwtKey, pem)
      yield* verify((yield* Sessions.createToken("sess_1")).jwt, 0)
      const exit = yield* Effect.exit(verify(before.jwt, 0))
      assert.include(String(exit), "JWKSNoMatchingKey")
      yield* ClerkTest.rotateKeys
      assert.notStrictEqual(yield* clerk.jwtKey, pem)
    }).pipe(Effect.provide(seeded))
  )

  it.effect("are shared by equal instances, and differ between instances", () =>
    Effect.gen(function* () {
      const keyPair = yield* Effect.promise(() => Jose.generateKeyPair("RS256"))
      const keySet = (options: ClerkTest.Options) =>
        Effect.map(send("GET", "/v1/jwks"), ({ body }) => JSON.stringify(body)).pipe(
          Effect.provide(ClerkTest.layer(options))
        )
      assert.strictEqual(yield* keySet({}), yield* keySet({ tokenLifetime: "1 hour" }))
      assert.strictEqual(yield* keySet({ keyPair }), yield* keySet({ keyPair }))
      const different = [
        {},
        { keyPair },
        { seed: "another" },
        { instance: "production" },
        { issuer: "https://clerk.other.test" },
        { secretKey: "sk_test_other" }
      ] as const
      const sets = yield* Effect.forEach(different, keySet)
      assert.strictEqual(new Set(sets).size, different.length)
    })
  )
})

describe("the instance", () => {
  const service = (options: ClerkTest.Options) =>
    Effect.provide(ClerkTest.ClerkTest, ClerkTest.layer(options))

  it.effect("has a publishable key made of its issuer", () =>
    Effect.gen(function* () {
      for (const [options, prefix, host] of [
        [{}, "pk_test_", "clerk.development.test"],
        [{ instance: "production" }, "pk_live_", "clerk.production.test"],
        [{ secretKey: "sk_live_mine" }, "pk_live_", "clerk.production.test"],
        [{ issuer: "http://127.0.0.1:4200/" }, "pk_test_", "127.0.0.1:4200"]
      ] as const) {
        const { publishableKey } = yield* service(options)
        assert.isTrue(publishableKey.startsWith(prefix))
        assert.notInclude(publishableKey, "=")
        assert.strictEqual(atob(publishableKey.slice(prefix.length)), `${host}$`)
      }
    })
  )

  it.effect("has the issuer that is given, or a reserved name", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        (yield* service({ issuer: "https://clerk.mine.test/" })).issuer,
        "https://clerk.mine.test"
      )
      for (const instance of ["development", "production"] as const) {
        const { issuer } = yield* service({ instance })
        assert.match(issuer, /\.(test|invalid|example)$/)
      }
    })
  )

  it.effect("dies of an issuer that is no origin", () =>
    Effect.gen(function* () {
      for (const issuer of [
        "clerk.example.test",
        "https://clerk.example.test/path",
        "ftp://clerk.example.test"
      ]) {
        const cause = yield* Effect.flip(Effect.sandbox(service({ issuer })))
        assert.include(Cause.pretty(cause), "ClerkTest: issuer", issuer)
      }
    })
  )
})
