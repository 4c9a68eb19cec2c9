import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect, Option, Redacted, TestClock } from "effect"
import * as SessionVerifier from "effect-clerk/SessionVerifier"
import { SignJWT } from "jose"

import * as Tokens from "./tokens.js"

const atIssue = TestClock.setTime(Tokens.iat * 1000)

/** The tag of the error, and its reason where it has one; the session where there is no error. */
const verdict = (token: string | Redacted.Redacted) =>
  SessionVerifier.verify(token).pipe(
    Effect.map((claims): string => claims.sessionId),
    Effect.catchTag("TokenRejected", ({ reason }) => Effect.succeed(reason)),
    Effect.catchAll(({ _tag }) => Effect.succeed(_tag))
  )

const verdictOf = (claims: Tokens.Json, header: Tokens.Json = {}) =>
  Effect.gen(function* () {
    const instance = yield* Tokens.instance()
    const whole = { ...Tokens.sessionHeader(instance.kid), ...header }
    return yield* verdict(yield* Tokens.sign(instance, Tokens.sessionClaims(claims), whole))
  })

describe("verify", () => {
  it.effect("returns the claims of a session token", () =>
    Effect.gen(function* () {
      yield* atIssue
      const token = yield* Tokens.sign(yield* Tokens.instance())
      const claims = yield* SessionVerifier.verify(token)
      assert.strictEqual(claims.userId, "user_1")
      assert.strictEqual(claims.sessionId, "sess_1")
      assert.strictEqual(claims.status, "active")
      assert.strictEqual(claims.expiresAt.epochMillis, (Tokens.iat + 60) * 1000)
      assert.deepStrictEqual(claims.authorizedParty, Option.some("https://example.com"))
      assert.deepStrictEqual(yield* SessionVerifier.verify(Redacted.make(token)), claims)
    }).pipe(Effect.provide(Tokens.withKey()))
  )

  it.effect("rejects what is no token, without a defect", () =>
    Effect.gen(function* () {
      const wiped = Redacted.make("a.b.c")
      Redacted.unsafeWipe(wiped)
      const texts: ReadonlyArray<unknown> = [
        "",
        "a.b",
        "a.b.c.d",
        "a.b.c",
        " a.b.c",
        "a.b.c\n",
        "ä.b.c",
        5,
        null,
        {},
        wiped
      ]
      for (const text of texts) {
        // Programs without types pass anything.
        assert.strictEqual(yield* verdict(text as string), "shape", JSON.stringify(text))
      }
    }).pipe(Effect.provide(Tokens.withKey()))
  )

  it.effect("accepts exactly one spelling of a token", () =>
    Effect.gen(function* () {
      yield* atIssue
      const token = yield* Tokens.sign(yield* Tokens.instance())
      const [header = "", payload = "", signature = ""] = token.split(".")
      const last = signature.at(-1) ?? ""
      assert.include("AQgw", last)
      const others = ["B", "C", "D", "P", "_"].map(
        (stray) => `${header}.${payload}.${signature.slice(0, -1)}${stray}`
      )
      const padded = [
        `${token}=`,
        `${token}==`,
        `${header}.${payload}=.${signature}`,
        `${token} `,
        `${token}\n`
      ]
      for (const text of [...others, ...padded]) assert.strictEqual(yield* verdict(text), "shape", text)
      // With more bytes it is another token, and no other spelling of this one.
      assert.strictEqual(yield* verdict(`${header}.${payload}.${signature}A`), "signature")
      assert.strictEqual(yield* verdict(`${header}.${payload}.${signature}AAA`), "shape")
    }).pipe(Effect.provide(Tokens.withKey()))
  )

  it.effect("rejects headers that a session token does not have", () =>
    Effect.gen(function* () {
      yield* atIssue
      const rows: ReadonlyArray<readonly [Tokens.Json, string]> = [
        [{}, "sess_1"],
        [{ typ: undefined }, "sess_1"],
        [{ cat: undefined }, "sess_1"],
        [{ cat: "cl_I7d4PD111III" }, "sess_1"],
        [{ oiat: 5, more: "members are ignored" }, "sess_1"],
        [{ kid: undefined }, "sess_1"],
        [{ kid: "ins_another" }, "sess_1"],
        [{ typ: "jwt" }, "kind"],
        [{ typ: "at+jwt" }, "kind"],
        [{ typ: null }, "kind"],
        [{ typ: ["JWT"] }, "kind"],
        [{ cat: "cl_B7d4PD222AAA" }, "kind"],
        [{ cat: "cl_B7d4PD333AAA" }, "kind"],
        [{ cat: null }, "kind"],
        [{ alg: "RS512" }, "algorithm"],
        [{ alg: "none" }, "algorithm"],
        [{ alg: "HS256" }, "algorithm"],
        [{ alg: ["RS256"] }, "algorithm"],
        [{ alg: undefined }, "algorithm"],
        [{ crit: ["exp"] }, "shape"],
        [{ crit: [] }, "shape"],
        [{ crit: null }, "shape"],
        [{ kid: 5 }, "shape"],
        [{ kid: null }, "shape"]
      ]
      for (const [header, expected] of rows) {
        assert.strictEqual(yield* verdictOf({}, header), expected, JSON.stringify(header))
      }
      const { privateKey } = yield* Tokens.instance()
      const payload = new TextEncoder().encode(JSON.stringify(Tokens.sessionClaims()))
      for (const header of [null, [], "RS256", 5]) {
        assert.strictEqual(yield* verdict(yield* Tokens.signBytes(privateKey, payload, header)), "shape")
      }
    }).pipe(Effect.provide(Tokens.withKey()))
  )

  it.effect("rejects signatures of other keys and algorithms", () =>
    Effect.gen(function* () {
      yield* atIssue
      const one = yield* Tokens.instance()
      const other = yield* Tokens.instance("ins_other")
      const header = Tokens.sessionHeader(one.kid)
      assert.strictEqual(
        yield* verdict(yield* Tokens.sign(other, Tokens.sessionClaims(), header)),
        "signature"
      )
      // The public key as a shared secret: the classic confusion of algorithms.
      const confused = yield* Tokens.signAs("HS256", new TextEncoder().encode(one.pem), header)
      assert.strictEqual(yield* verdict(confused), "algorithm")
      const [, payload = "", signature = ""] = confused.split(".")
      const relabelled = `${Tokens.base64url(JSON.stringify(header))}.${payload}.${signature}`
      assert.strictEqual(yield* verdict(relabelled), "signature")
    }).pipe(Effect.provide(Tokens.withKey()))
  )

  it.effect("verifies the signature before it looks at claims", () =>
    Effect.gen(function* () {
      const token = yield* Tokens.sign(yield* Tokens.instance(), Tokens.sessionClaims({ sub: 5, exp: 1 }))
      yield* atIssue
      const [header, payload, signature = ""] = token.split(".")
      assert.strictEqual(yield* verdict(token), "claims")
      assert.strictEqual(
        yield* verdict(
          `${header}.${payload}.${signature.replace(/^./, (first) => (first === "A" ? "B" : "A"))}`
        ),
        "signature"
      )
    }).pipe(Effect.provide(Tokens.withKey()))
  )

  it.effect("rejects payloads that are no JSON object in UTF-8", () =>
    Effect.gen(function* () {
      yield* atIssue
      const { kid, privateKey } = yield* Tokens.instance()
      const text = JSON.stringify(Tokens.sessionClaims({ note: "é" }))
      const latin = Uint8Array.from(text, (character) => character.charCodeAt(0))
      const utf8 = new TextEncoder().encode(text)
      const marked = new TextEncoder().encode(`\ufeff${text}`)
      const rows: ReadonlyArray<readonly [Uint8Array, string]> = [
        [utf8, "sess_1"],
        [latin, "shape"],
        [marked, "shape"],
        [utf8.subarray(0, -1), "shape"],
        ...["null", "[]", '"text"', "5", "true"].map(
          (json) => [new TextEncoder().encode(json), "shape"] as const
        )
      ]
      for (const [bytes, expected] of rows) {
        const token = yield* Tokens.signBytes(privateKey, bytes, Tokens.sessionHeader(kid))
        assert.strictEqual(yield* verdict(token), expected, Buffer.from(bytes).toString())
      }
    }).pipe(Effect.provide(Tokens.withKey()))
  )

  it.effect("rejects malformed claims", () =>
    Effect.gen(function* () {
      yield* atIssue
      const rows: ReadonlyArray<readonly [Tokens.Json, string]> = [
        [{ sub: undefined }, "claims"],
        [{ sub: "" }, "claims"],
        [{ sub: ["user_1"] }, "claims"],
        [{ sub: "mch_1" }, "kind"],
        [{ sid: undefined }, "claims"],
        [{ sid: "" }, "claims"],
        [{ sid: 1 }, "claims"],
        [{ exp: undefined }, "claims"],
        [{ exp: "1700000060" }, "claims"],
        [{ exp: null }, "claims"],
        [{ nbf: null }, "claims"],
        [{ nbf: "now" }, "claims"],
        [{ iat: null }, "claims"],
        [{ iat: {} }, "claims"],
        [{ azp: 5 }, "claims"],
        [{ iss: 5 }, "claims"],
        [{ act: "user_2" }, "claims"],
        [{ sts: "revoked" }, "claims"],
        [{ sts: 5 }, "claims"],
        [
          { nbf: undefined, iat: undefined, iss: undefined, azp: undefined, jti: undefined, v: undefined },
          "sess_1"
        ],
        [{ sts: null, act: null, azp: null }, "sess_1"],
        [{ sts: "active" }, "sess_1"],
        [{ fva: "never", fea: 5, pla: {}, o: [] }, "sess_1"]
      ]
      for (const [claims, expected] of rows) {
        assert.strictEqual(yield* verdictOf(claims), expected, JSON.stringify(claims))
      }
      const { kid, privateKey } = yield* Tokens.instance()
      const endless = JSON.stringify(Tokens.sessionClaims()).replace(/"exp":\d+/, '"exp":1e999')
      const token = yield* Tokens.signBytes(
        privateKey,
        new TextEncoder().encode(endless),
        Tokens.sessionHeader(kid)
      )
      assert.strictEqual(yield* verdict(token), "claims")
    }).pipe(Effect.provide(Tokens.withKey()))
  )

  it.effect("accepts only active sessions unless pending ones are accepted", () =>
    Effect.gen(function* () {
      yield* atIssue
      assert.strictEqual(yield* verdictOf({ sts: "pending" }), "SessionPending")
      assert.strictEqual(
        yield* Effect.provide(verdictOf({ sts: "pending" }), Tokens.withKey({ acceptPending: true })),
        "sess_1"
      )
    }).pipe(Effect.provide(Tokens.withKey()))
  )
})

describe("the times of a token, to the millisecond", () => {
  const skews = [0, 5000, 60_000]

  for (const skew of skews) {
    const layer = Tokens.withKey({ clockSkew: Duration.millis(skew) })
    const at = (millis: number, claims: Tokens.Json) =>
      Effect.zipRight(TestClock.setTime(millis), verdictOf(claims)).pipe(Effect.provide(layer))

    it.effect(`a token expires at exp + ${skew} ms`, () =>
      Effect.gen(function* () {
        const end = (Tokens.iat + 60) * 1000 + skew
        assert.strictEqual(yield* at(end - 1, {}), "sess_1")
        assert.strictEqual(yield* at(end, {}), "TokenExpired")
        // A fraction of a second does not make it live longer.
        assert.strictEqual(yield* at(end - 1, { exp: Tokens.iat + 60.9 }), "sess_1")
        assert.strictEqual(yield* at(end, { exp: Tokens.iat + 60.9 }), "TokenExpired")
      })
    )

    it.effect(`a token is valid from nbf - ${skew} ms and iat - ${skew} ms`, () =>
      Effect.gen(function* () {
        const start = Tokens.iat * 1000 - skew
        for (const claims of [{ nbf: Tokens.iat }, { nbf: undefined }]) {
          assert.strictEqual(yield* at(start, claims), "sess_1")
          assert.strictEqual(yield* at(start - 1, claims), "TokenNotYetValid")
        }
        assert.strictEqual(yield* at(start, { iat: Tokens.iat + 0.0005 }), "TokenNotYetValid")
        assert.strictEqual(yield* at(start + 1, { iat: Tokens.iat + 0.0005 }), "sess_1")
      })
    )
  }

  it.effect("the errors say by how much", () =>
    Effect.gen(function* () {
      const token = yield* Tokens.sign(yield* Tokens.instance())
      yield* TestClock.setTime((Tokens.iat + 72) * 1000)
      const late = yield* Effect.flip(SessionVerifier.verify(token))
      assert.strictEqual(
        late.message,
        "The session token expired 12s ago, at 2023-11-14T22:14:20.000Z; get a new one and repeat the request"
      )
      assert.isTrue(late._tag === "TokenExpired" && late.sessionId === "sess_1")
      assert.isTrue(
        late._tag === "TokenExpired" && DateTime.toEpochMillis(late.expiredAt) === (Tokens.iat + 60) * 1000
      )
      yield* TestClock.setTime((Tokens.iat - 90) * 1000)
      const early = yield* Effect.flip(SessionVerifier.verify(token))
      assert.strictEqual(
        early.message,
        "The session token is not valid yet: its nbf is 2023-11-14T22:13:10.000Z, 1m 20s ahead of this clock; check the clock of this machine"
      )
    }).pipe(Effect.provide(Tokens.withKey()))
  )

  it.effect("an expired token of another party is rejected for its party", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime((Tokens.iat + 3600) * 1000)
      assert.strictEqual(yield* verdictOf({ azp: "https://evil.example" }), "party")
    }).pipe(Effect.provide(Tokens.withKey({ authorizedParties: ["https://example.com"] })))
  )
})

describe("party, audience and issuer", () => {
  const rejection = (claims: Tokens.Json, options: SessionVerifier.Options) =>
    Effect.gen(function* () {
      yield* atIssue
      const token = yield* Tokens.sign(yield* Tokens.instance(), Tokens.sessionClaims(claims))
      return yield* SessionVerifier.verify(token).pipe(
        Effect.map(() => "accepted"),
        Effect.catchTag("TokenRejected", ({ detail, reason }) => Effect.succeed(`${reason}: ${detail}`))
      )
    }).pipe(Effect.provide(Tokens.withKey(options)))

  const parties = ["https://example.com", "https://app.example.com"]

  it.effect("a party must be one of authorizedParties", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* rejection({ azp: "https://evil.example" }, {}), "accepted")
      assert.strictEqual(
        yield* rejection({ azp: "https://app.example.com" }, { authorizedParties: parties }),
        "accepted"
      )
      const wrong = yield* rejection({ azp: "https://evil.example" }, { authorizedParties: parties })
      assert.match(wrong, /^party: .*"https:\/\/evil\.example" is none of authorizedParties/)
      const missing = yield* rejection({ azp: undefined }, { authorizedParties: parties })
      assert.match(missing, /^party: it has no party .*Sessions\.createToken.*acceptMissingParty/)
      assert.match(
        yield* rejection({ azp: "" }, { authorizedParties: parties, acceptMissingParty: true }),
        /^party/
      )
      assert.match(
        yield* rejection({ azp: 5 }, { authorizedParties: parties, acceptMissingParty: true }),
        /^claims/
      )
    })
  )

  it.effect("a missing party is accepted where the option says so, a wrong one is not", () =>
    Effect.gen(function* () {
      const options = { authorizedParties: parties, acceptMissingParty: true }
      assert.strictEqual(yield* rejection({ azp: undefined }, options), "accepted")
      assert.strictEqual(yield* rejection({ azp: null }, options), "accepted")
      assert.match(yield* rejection({ azp: "https://evil.example" }, options), /^party/)
    })
  )

  it.effect("one of the audiences must be expected", () =>
    Effect.gen(function* () {
      const options = { audience: ["api", "web"] }
      assert.strictEqual(yield* rejection({ aud: "web" }, options), "accepted")
      assert.strictEqual(yield* rejection({ aud: ["other", "api"] }, options), "accepted")
      assert.strictEqual(yield* rejection({ aud: "api" }, { audience: "api" }), "accepted")
      assert.strictEqual(yield* rejection({ aud: "other" }, {}), "accepted")
      for (const aud of ["other", ["other"], [], {}, null, 5, undefined]) {
        assert.match(yield* rejection({ aud }, options), /^audience/, JSON.stringify(aud))
      }
    })
  )

  it.effect("the issuer must be the expected one", () =>
    Effect.gen(function* () {
      const options = { issuer: "https://clerk.example.com" }
      assert.strictEqual(yield* rejection({}, options), "accepted")
      for (const iss of ["https://clerk.evil.example", "https://clerk.example.com/", undefined, 5]) {
        assert.match(yield* rejection({ iss }, options), /^issuer/, JSON.stringify(iss))
      }
    })
  )
})

describe("layerTest", () => {
  it.effect("takes any token for one with the given claims", () =>
    Effect.gen(function* () {
      const session = yield* SessionVerifier.authenticate({ authorization: "Bearer test" })
      assert.strictEqual(session.claims.userId, "user_7")
      assert.strictEqual(session.claims.sessionId, "sess_1")
      assert.strictEqual(Redacted.value(session.token), "test")
      const error = yield* Effect.flip(SessionVerifier.authenticate({}))
      assert.strictEqual(error._tag, "TokenMissing")
      assert.strictEqual(yield* verdict(""), "shape")
    }).pipe(Effect.provide(SessionVerifier.layerTest({ userId: "user_7" })))
  )
})

it.effect("jose signs what is verified here", () =>
  Effect.gen(function* () {
    yield* atIssue
    const { kid, privateKey } = yield* Tokens.instance()
    const token = yield* Effect.promise(() =>
      new SignJWT({ ...Tokens.sessionClaims() }).setProtectedHeader({ alg: "RS256", kid }).sign(privateKey)
    )
    assert.strictEqual(yield* verdict(token), "sess_1")
  }).pipe(Effect.provide(Tokens.withKey()))
)
