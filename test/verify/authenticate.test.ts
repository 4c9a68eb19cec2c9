import { createHash } from "node:crypto"

import { Headers } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { TestClock } from "effect"
import * as SessionVerifier from "effect-clerk/SessionVerifier"

import * as Tokens from "./tokens.js"

const publishableKey = "pk_test_Y2xlcmsuZXhhbXBsZS5jb20k"

const suffix = createHash("sha1").update(publishableKey).digest("base64url").slice(0, 8)

/** The carrier and the session, or the tag of the error. */
const verdict = (headers: Headers.Input) =>
  SessionVerifier.authenticate(headers).pipe(
    Effect.map(({ carrier, claims }) => `${carrier} ${claims.sessionId}`),
    Effect.catchAll(({ _tag }) => Effect.succeed(_tag))
  )

const hold = (rows: (good: string, other: string) => ReadonlyArray<readonly [Headers.Input, string]>) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(Tokens.iat * 1000)
    const one = yield* Tokens.instance()
    const good = yield* Tokens.sign(one)
    const other = yield* Tokens.sign(one, Tokens.sessionClaims({ sid: "sess_2" }))
    for (const [headers, expected] of rows(good, other)) {
      assert.strictEqual(yield* verdict(headers), expected, JSON.stringify(headers)?.slice(0, 100))
    }
  })

describe("authenticate", () => {
  it.effect("takes a bearer token, however its scheme is written", () =>
    hold((good) => [
      [{ authorization: `Bearer ${good}` }, "header sess_1"],
      [{ authorization: `bearer ${good}` }, "header sess_1"],
      [{ authorization: `BEARER   ${good} ` }, "header sess_1"],
      [{ Authorization: `Bearer ${good}` }, "header sess_1"],
      [{ authorization: [`Bearer ${good}`] }, "header sess_1"],
      [[["Authorization", `Bearer ${good}`]], "header sess_1"],
      [new globalThis.Headers({ authorization: `Bearer ${good}` }), "header sess_1"],
      [Headers.fromInput({ authorization: `Bearer ${good}` }), "header sess_1"],
      [{ authorization: [`Bearer ${good}`, `Bearer ${good}`] }, "TokenRejected"],
      [{ authorization: `Bearer ${good} ${good}` }, "TokenRejected"],
      [{ authorization: `Bearer${good}` }, "TokenMissing"],
      [{ authorization: good }, "TokenMissing"],
      [{ authorization: `Basic ${good}` }, "TokenMissing"],
      [{ authorization: `Basic  Bearer ${good}` }, "TokenMissing"],
      [{ authorization: "Bearer" }, "TokenMissing"],
      [{ authorization: "Bearer " }, "TokenMissing"],
      [{}, "TokenMissing"]
    ]).pipe(Effect.provide(Tokens.withKey()))
  )

  it.effect("takes a cookie where there is no bearer token", () =>
    hold((good, other) => [
      [{ cookie: `__session=${good}` }, "cookie sess_1"],
      [{ cookie: `a=b; __session=${good}; c=d` }, "cookie sess_1"],
      [{ cookie: `a=b;__session = ${good} ;c` }, "cookie sess_1"],
      [{ cookie: `__session="${good}"` }, "cookie sess_1"],
      [{ cookie: ["a=b", `__session=${good}`] }, "TokenMissing"],
      [{ cookie: `__session=${good}; __session=${other}` }, "cookie sess_1"],
      [{ cookie: `__session=${good}`, authorization: "Basic dXNlcjpwYXNz" }, "cookie sess_1"],
      [{ cookie: `__session=${good}`, authorization: `Bearer ${other}` }, "header sess_2"],
      [{ cookie: `__session=${good}`, authorization: "Bearer bad" }, "TokenRejected"],
      [{ cookie: `__session=; __session=${good}` }, "TokenMissing"],
      [{ cookie: `__sessions=${good}; x__session=${good}; __session_abcdefgh=${good}` }, "TokenMissing"],
      [{ cookie: `__Session=${good}` }, "TokenMissing"],
      [{ cookie: "__session=%E0%A4%A; other=%" }, "TokenRejected"],
      [{ cookie: "__session" }, "TokenMissing"]
    ]).pipe(Effect.provide(Tokens.withKey()))
  )

  it.effect("takes the cookie of its own instance first, and never another one in its place", () =>
    hold((good, other) => [
      [{ cookie: `__session=${other}; __session_${suffix}=${good}` }, "cookie sess_1"],
      [{ cookie: `__session=${other}` }, "cookie sess_2"],
      [{ cookie: `__session=${good}; __session_${suffix}=bad` }, "TokenRejected"],
      [{ cookie: `__session=${good}; __session_${suffix}=` }, "TokenMissing"],
      [{ cookie: `__session=${other}; __session_abcdefgh=${good}` }, "cookie sess_2"],
      [{ cookie: `__session_${suffix}=${good}; __session_${suffix}=${other}` }, "cookie sess_1"]
    ]).pipe(Effect.provide(Tokens.withKey({ publishableKey })))
  )

  it.effect("hands the token on, redacted", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Tokens.iat * 1000)
      const good = yield* Tokens.sign(yield* Tokens.instance())
      const { token } = yield* SessionVerifier.authenticate({ cookie: `__session=${good}` })
      assert.strictEqual(Redacted.value(token), good)
      assert.notInclude(String(token), good)
    }).pipe(Effect.provide(Tokens.withKey()))
  )

  it.effect("finds nothing in what are no headers", () =>
    Effect.gen(function* () {
      const inputs: ReadonlyArray<unknown> = [
        null,
        undefined,
        5,
        "Bearer x",
        [null],
        [[]],
        [["authorization", 5]],
        { authorization: 5, cookie: {} },
        { authorization: null, cookie: null },
        { authorization: [5, null] }
      ]
      for (const headers of inputs) {
        // Programs without types pass anything.
        assert.strictEqual(yield* verdict(headers as Headers.Input), "TokenMissing", JSON.stringify(headers))
      }
    }).pipe(Effect.provide(Tokens.withKey()))
  )
})
