import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

import type { Call } from "./clerk.js"
import * as Envelope from "./envelope.js"
import * as Instance from "./instance.js"
import * as Params from "./params.js"

/** The response to a refresh. */
export type Refreshed =
  | { readonly object: "token"; readonly jwt: string }
  | { readonly object: "cookies"; readonly cookies: ReadonlyArray<string> }

/** Exchanges an expired token and a refresh token for a new token. Every error is a 401 that names its cause. */
export const refresh = Effect.fnUntraced(function* ({
  body,
  clerk,
  id,
  query
}: Call): Effect.fn.Return<Refreshed, Envelope.ErrorResponse> {
  const expiredToken = yield* Params.requiredString(body, "expired_token", 401)
  const refreshToken = yield* Params.requiredString(body, "refresh_token", 401)
  const origin = yield* Params.requiredString(body, "request_origin", 401)
  const format = yield* Params.optionalOneOf(body, "format", ["token", "cookie"], 401)
  if (!URL.canParse(origin)) {
    return yield* unauthorized("refresh_request_origin_invalid", "request_origin is not a URL")
  }
  const claims = yield* clerk.tokens.verify(expiredToken)
  if (claims === undefined) {
    return yield* unauthorized(
      "expired_session_token_invalid",
      "expired_token is not a token of this instance"
    )
  }
  const { azp, sid } = claims
  if (sid === undefined) {
    return yield* unauthorized("expired_session_token_missing_sid", "expired_token is not a session token")
  }
  if (sid !== id) {
    return yield* unauthorized("refresh_sid_mismatch", "expired_token belongs to another session")
  }
  if (azp !== undefined && azp !== origin) {
    return yield* unauthorized(
      "refresh_request_origin_azp_mismatch",
      "expired_token was issued for another origin"
    )
  }
  const now = yield* Clock.currentTimeMillis
  const entry = clerk.state.entry(id, now)
  if (entry === undefined) {
    return yield* unauthorized("session_refresh_session_not_found", `No session was found with id ${id}`)
  }
  if (entry.session.status !== "active") {
    return yield* unauthorized("session_refresh_inactive_session", `the session is ${entry.session.status}`)
  }
  if (entry.refreshToken !== refreshToken) {
    return yield* unauthorized("refresh_token_not_found", "refresh_token is not the one of the session")
  }
  const jwt = yield* clerk.tokens.session(entry.session, entry.access, { now, origin })
  if (format !== "cookie") return { object: "token", jwt }
  const suffix =
    query.get("suffixed_cookies") === "true" ? `_${yield* Instance.cookieSuffix(clerk.publishableKey)}` : ""
  const attributes = "Path=/; Max-Age=315360000; Secure; SameSite=Lax"
  return {
    object: "cookies",
    cookies: [
      `__session${suffix}=${jwt}; ${attributes}`,
      `__refresh${suffix}=${refreshToken}; ${attributes}; HttpOnly`
    ]
  }
})

const unauthorized = (code: string, why: string) =>
  Envelope.errorResponse(401, code, "Session not refreshed", why)
