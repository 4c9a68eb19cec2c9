import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

import type { Call } from "./clerk.js"
import * as Envelope from "./envelope.js"
import * as Params from "./params.js"

/** What a refresh answers with. */
export type Refreshed =
  | { readonly object: "token"; readonly jwt: string }
  | { readonly object: "cookies"; readonly cookies: ReadonlyArray<string> }

/** Trades an expired token and a refresh token for a new token; whatever is wrong is a 401 that says so. */
export const refresh = Effect.fnUntraced(function* ({
  body,
  clerk,
  query,
  sessionId
}: Call): Effect.fn.Return<Refreshed, Envelope.Refusal> {
  const expiredToken = yield* Params.requiredString(body, "expired_token", 401)
  const refreshToken = yield* Params.requiredString(body, "refresh_token", 401)
  const origin = yield* Params.requiredString(body, "request_origin", 401)
  const format = yield* Params.optionalOneOf(body, "format", ["token", "cookie"], 401)
  if (!URL.canParse(origin))
    return yield* refused("refresh_request_origin_invalid", "request_origin is no URL")
  const claims = yield* clerk.tokens.verify(expiredToken)
  if (claims === undefined) {
    return yield* refused("expired_session_token_invalid", "expired_token is no token of this instance")
  }
  const { azp, sid } = claims
  if (sid === undefined) {
    return yield* refused("expired_session_token_missing_sid", "expired_token is bound to no session")
  }
  if (sid !== sessionId) return yield* refused("refresh_sid_mismatch", "expired_token is another session's")
  if (azp !== undefined && azp !== origin) {
    return yield* refused(
      "refresh_request_origin_azp_mismatch",
      "expired_token was issued for another origin"
    )
  }
  const now = yield* Clock.currentTimeMillis
  const session = clerk.state.session(sessionId, now)
  if (session === undefined) {
    return yield* refused("session_refresh_session_not_found", `no session was found with id ${sessionId}`)
  }
  if (session.status !== "active") {
    return yield* refused("session_refresh_inactive_session", `the session is ${session.status}`)
  }
  if (clerk.state.refreshToken(sessionId) !== refreshToken) {
    return yield* refused("refresh_token_not_found", "refresh_token is not the current one of the session")
  }
  const jwt = yield* clerk.tokens.session(session, { now, origin })
  if (format !== "cookie") return { object: "token", jwt }
  const suffix = query.get("suffixed_cookies") === "true" ? `_${clerk.cookieSuffix}` : ""
  const attributes = "Path=/; Max-Age=315360000; Secure; SameSite=Lax"
  return {
    object: "cookies",
    cookies: [
      `__session${suffix}=${jwt}; ${attributes}`,
      `__refresh${suffix}=${refreshToken}; ${attributes}; HttpOnly`
    ]
  }
})

const refused = (code: string, why: string) => Envelope.refusal(401, code, "Session not refreshed", why)
