import { createHash } from "node:crypto"

import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { ClerkError, Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as Jose from "jose"

import { entries, statusAndCodes, send } from "./utils.js"

const requestOrigin = "https://app.example.com"

const seeded = ClerkTest.layer({
  sessions: [
    { id: "sess_1", userId: "user_1" },
    { id: "sess_2", userId: "user_1" }
  ],
  templates: { unbound: {} }
})

/** An expired session token and the refresh token of its session. */
const tokens = Effect.gen(function* () {
  const { jwt } = yield* Sessions.createToken("sess_1")
  yield* TestClock.adjust("2 minutes")
  return { expiredToken: jwt, refreshToken: yield* ClerkTest.refreshToken("sess_1"), requestOrigin }
})

describe("refresh", () => {
  it.effect("exchanges an expired token for a new one with the origin as azp", () =>
    Effect.gen(function* () {
      const { jwt } = yield* Sessions.refresh("sess_1", yield* tokens)
      const { azp, exp, iat, sid } = Jose.decodeJwt(Redacted.value(jwt))
      deepStrictEqual({ azp, exp, iat, sid }, { azp: requestOrigin, exp: 180, iat: 120, sid: "sess_1" })
      const again = yield* Sessions.refresh("sess_1", { ...(yield* tokens), expiredToken: jwt })
      assert.isTrue(Redacted.isRedacted(again.jwt))
    }).pipe(Effect.provide(seeded))
  )

  it.effect("responds with cookies, suffixed on request", () =>
    Effect.gen(function* () {
      const params = { ...(yield* tokens), format: "cookie" } as const
      const cookies = (response: { readonly cookies: ReadonlyArray<Redacted.Redacted> }) =>
        response.cookies.map(Redacted.value)
      const [session, refresh, ...others] = cookies(yield* Sessions.refresh("sess_1", params))
      assert.match(String(session), /^__session=eyJ[\w.-]+; Path=\/; .*Secure; SameSite=Lax$/)
      assert.match(String(refresh), /^__refresh=\w{40}; .*HttpOnly$/)
      assert.include(String(refresh), Redacted.value(params.refreshToken))
      deepStrictEqual(others, [])
      const plain = cookies(yield* Sessions.refresh("sess_1", { ...params, suffixedCookies: false }))
      assert.match(String(plain[0]), /^__session=/)
      const suffixed = cookies(yield* Sessions.refresh("sess_1", { ...params, suffixedCookies: true }))
      const { publishableKey } = yield* ClerkTest.ClerkTest
      const suffix = createHash("sha1").update(publishableKey).digest("base64url").slice(0, 8)
      assert.isTrue(suffixed[0]?.startsWith(`__session_${suffix}=`))
      assert.isTrue(suffixed[1]?.startsWith(`__refresh_${suffix}=`))
    }).pipe(Effect.provide(seeded))
  )

  it.effect("rejects wrong tokens with a 401 that names the cause", () =>
    Effect.gen(function* () {
      const clerk = yield* ClerkTest.ClerkTest
      const good = yield* tokens
      const refused = (sessionId: string, params: Partial<Sessions.RefreshParams>) =>
        Effect.map(Effect.flip(Sessions.refresh(sessionId, { ...good, ...params })), (error) => {
          assert.instanceOf(error, ClerkError.Unauthorized)
          return error.errors.map(({ code }) => code).join()
        })
      const { jwt: unbound } = yield* Sessions.createTokenFromTemplate("sess_1", "unbound")
      const { jwt: elsewhere } = yield* Sessions.refresh("sess_1", {
        ...good,
        requestOrigin: "https://b.example.com"
      })

      assert.strictEqual(
        yield* refused("sess_1", { expiredToken: "no token" }),
        "expired_session_token_invalid"
      )
      assert.strictEqual(
        yield* refused("sess_1", { expiredToken: yield* foreign }),
        "expired_session_token_invalid"
      )
      const production = yield* Effect.provide(
        tokens,
        ClerkTest.layer({ instance: "production", sessions: [{ id: "sess_1", userId: "user_1" }] })
      )
      assert.strictEqual(
        yield* refused("sess_1", { expiredToken: production.expiredToken }),
        "expired_session_token_invalid"
      )
      assert.strictEqual(
        yield* refused("sess_1", { expiredToken: unbound }),
        "expired_session_token_missing_sid"
      )
      assert.strictEqual(yield* refused("sess_2", {}), "refresh_sid_mismatch")
      assert.strictEqual(
        yield* refused("sess_1", { expiredToken: elsewhere }),
        "refresh_request_origin_azp_mismatch"
      )
      assert.strictEqual(
        yield* refused("sess_1", { requestOrigin: "nowhere" }),
        "refresh_request_origin_invalid"
      )
      assert.strictEqual(
        yield* refused("sess_1", { refreshToken: yield* ClerkTest.refreshToken("sess_2") }),
        "refresh_token_not_found"
      )
      yield* clerk.setStatus("sess_1", "revoked")
      assert.strictEqual(yield* refused("sess_1", {}), "session_refresh_inactive_session")
    }).pipe(Effect.provide(seeded))
  )

  it.effect("rejects a token of an unknown session", () =>
    Effect.gen(function* () {
      const { expiredToken } = yield* Effect.provide(tokens, seeded)
      const error = yield* Effect.flip(
        Sessions.refresh("sess_1", { expiredToken, refreshToken: "any", requestOrigin })
      ).pipe(Effect.provide(ClerkTest.layer()))
      assert.instanceOf(error, ClerkError.Unauthorized)
      deepStrictEqual(
        error.errors.map(({ code }) => code),
        ["session_refresh_session_not_found"]
      )
    })
  )

  it.effect("rejects missing and invalid parameters with 401", () =>
    Effect.gen(function* () {
      const good = { expired_token: "a", refresh_token: "b", request_origin: requestOrigin }
      for (const [body, code, param] of [
        [{ ...good, expired_token: undefined }, "form_param_missing", "expired_token"],
        [{ ...good, refresh_token: "" }, "form_param_missing", "refresh_token"],
        [{ ...good, request_origin: null }, "form_param_missing", "request_origin"],
        [{ ...good, expired_token: 1 }, "form_param_format_invalid", "expired_token"],
        [{ ...good, format: "jar" }, "form_param_value_invalid", "format"]
      ] as const) {
        const response = yield* send("POST", "/v1/sessions/sess_1/refresh", { body: JSON.stringify(body) })
        deepStrictEqual(statusAndCodes(response), [401, code])
        assert.strictEqual(entries(response)[0]?.meta?.param_name, param)
      }
    }).pipe(Effect.provide(seeded))
  )
})

/** A token signed by another key. */
const foreign = Effect.gen(function* () {
  const keyPair = yield* Effect.promise(() => Jose.generateKeyPair("RS256"))
  const { jwt } = yield* Sessions.createToken("sess_1").pipe(
    Effect.provide(ClerkTest.layer({ keyPair, sessions: [{ id: "sess_1", userId: "user_1" }] }))
  )
  return jwt
})
