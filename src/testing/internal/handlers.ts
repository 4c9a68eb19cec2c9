import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

import * as Envelope from "./envelope.js"
import * as Params from "./params.js"
import type { Received } from "./received.js"
import type { Operation } from "./routes.js"
import type { SessionJson, State } from "./state.js"
import type { Template, Tokens } from "./tokens.js"

/** What the handlers work on: the state of one Clerk and the settings that do not change. */
export interface Clerk {
  readonly state: State
  readonly tokens: Tokens
  readonly templates: Readonly<Record<string, Template>>
  readonly production: boolean
  /** What the names of suffixed cookies end in. */
  readonly cookieSuffix: string
}

/** One request that has found its way. */
export interface Call {
  readonly clerk: Clerk
  readonly received: Received
  readonly sessionId: string
  readonly template: string
}

type Handler = (call: Call) => Effect.Effect<Response, Envelope.Refusal>

const statuses = ["active", "revoked", "ended", "expired", "removed", "abandoned", "replaced", "pending"]

const ok = (body: unknown): Response => Envelope.json(200, body)

const find = ({ clerk, sessionId }: Call): Effect.Effect<SessionJson, Envelope.Refusal> =>
  Effect.flatMap(Clock.currentTimeMillis, (now): Effect.Effect<SessionJson, Envelope.Refusal> =>
    Effect.fromNullable(clerk.state.session(sessionId, now)).pipe(
      Effect.mapError(() => Envelope.notFound("session", sessionId))
    )
  )

const findActive = (call: Call): Effect.Effect<SessionJson, Envelope.Refusal> =>
  Effect.filterOrFail(
    find(call),
    (session) => session.status === "active",
    () => Envelope.notFound("active session", call.sessionId)
  )

const list: Handler = Effect.fnUntraced(function* ({ clerk, received }) {
  const query = Params.queryFields(received.query)
  const limit = (yield* Params.optionalInteger(query, "limit", 1, 500)) ?? 10
  const offset = (yield* Params.optionalInteger(query, "offset", 0, Number.MAX_SAFE_INTEGER)) ?? 0
  const status = yield* Params.optionalOneOf(query, "status", statuses)
  const now = yield* Clock.currentTimeMillis
  const matching = (name: "client_id" | "user_id", value: string) => {
    const wanted = received.query.get(name)
    return wanted === null || wanted === value
  }
  const found = clerk.state
    .sessions(now)
    .filter(
      (session) =>
        matching("client_id", session.client_id) &&
        matching("user_id", session.user_id) &&
        (status === undefined || status === session.status)
    )
  const page = found.slice(offset, offset + limit)
  return ok(received.query.get("paginated") === "true" ? { data: page, total_count: found.length } : page)
})

const create: Handler = Effect.fnUntraced(function* ({ clerk, received }) {
  if (clerk.production) return yield* Envelope.developmentOnly
  const body = yield* Params.fields(received.body)
  const userId = yield* Params.requiredString(body, "user_id")
  const organizationId = yield* Params.optionalString(body, "active_organization_id")
  if (!clerk.state.users.has(userId)) return yield* Envelope.notFound("user", userId)
  const now = yield* Clock.currentTimeMillis
  return ok(
    clerk.state.addSession({ user_id: userId, last_active_organization_id: organizationId ?? null }, now)
  )
})

const get: Handler = (call) => Effect.map(find(call), ok)

const revoke: Handler = Effect.fnUntraced(function* (call) {
  const session = yield* find(call)
  if (session.status === "revoked") return ok(session)
  return ok(call.clerk.state.setStatus(session.id, "revoked", yield* Clock.currentTimeMillis))
})

const lifetime = (call: Call) =>
  Effect.flatMap(Params.fields(call.received.body), (body) =>
    Params.optionalInteger(body, "expires_in_seconds", 30, 315_360_000)
  )

const token = (jwt: string): Response => ok({ object: "token", jwt })

const createToken: Handler = Effect.fnUntraced(function* (call) {
  const seconds = yield* lifetime(call)
  const session = yield* findActive(call)
  const now = yield* Clock.currentTimeMillis
  return token(
    yield* call.clerk.tokens.session(session, {
      now,
      ...(seconds === undefined ? {} : { lifetime: seconds })
    })
  )
})

const createTokenFromTemplate: Handler = Effect.fnUntraced(function* (call) {
  const seconds = yield* lifetime(call)
  const session = yield* findActive(call)
  const template = Object.hasOwn(call.clerk.templates, call.template)
    ? call.clerk.templates[call.template]
    : undefined
  if (template === undefined) return yield* Envelope.notFound("JWT template", call.template)
  const now = yield* Clock.currentTimeMillis
  return token(
    yield* call.clerk.tokens.template(template, session, {
      now,
      ...(seconds === undefined ? {} : { lifetime: seconds })
    })
  )
})

const refresh: Handler = Effect.fnUntraced(function* (call) {
  const { clerk, received, sessionId } = call
  const body = yield* Params.fields(received.body)
  const expiredToken = yield* Params.requiredString(body, "expired_token", 401)
  const refreshToken = yield* Params.requiredString(body, "refresh_token", 401)
  const origin = yield* Params.requiredString(body, "request_origin", 401)
  const format = yield* Params.optionalOneOf(body, "format", ["token", "cookie"], 401)
  if (!URL.canParse(origin)) {
    return yield* Envelope.refreshRefused(
      "refresh_request_origin_invalid",
      "invalid origin",
      "request_origin is no URL."
    )
  }
  const claims = yield* clerk.tokens.verify(expiredToken)
  if (claims === undefined) {
    return yield* Envelope.refreshRefused(
      "expired_session_token_invalid",
      "invalid expired_token",
      "expired_token is no token of this instance."
    )
  }
  if (claims["sid"] === undefined) {
    return yield* Envelope.refreshRefused(
      "expired_session_token_missing_sid",
      "missing 'sid' claim",
      "expired_token is bound to no session."
    )
  }
  if (claims["sid"] !== sessionId) {
    return yield* Envelope.refreshRefused(
      "refresh_sid_mismatch",
      "other session",
      "expired_token belongs to another session than the one in the path."
    )
  }
  if (claims["azp"] !== undefined && claims["azp"] !== origin) {
    return yield* Envelope.refreshRefused(
      "refresh_request_origin_azp_mismatch",
      "other origin",
      "expired_token was issued for another origin than request_origin."
    )
  }
  const now = yield* Clock.currentTimeMillis
  const session = clerk.state.session(sessionId, now)
  if (session === undefined) {
    return yield* Envelope.refreshRefused(
      "session_refresh_session_not_found",
      "session not found",
      `No session was found with id ${sessionId}`
    )
  }
  if (session.status !== "active") {
    return yield* Envelope.refreshRefused(
      "session_refresh_inactive_session",
      "session inactive",
      `The session is ${session.status}.`
    )
  }
  if (clerk.state.refreshToken(sessionId) !== refreshToken) {
    return yield* Envelope.refreshRefused(
      "refresh_token_not_found",
      "refresh token not found",
      "refresh_token is not the current one of the session."
    )
  }
  const jwt = yield* clerk.tokens.session(session, { now, origin })
  if (format !== "cookie") return token(jwt)
  const suffix = received.query.get("suffixed_cookies") === "true" ? `_${clerk.cookieSuffix}` : ""
  const attributes = "Path=/; Max-Age=315360000; Secure; SameSite=Lax"
  return ok({
    object: "cookies",
    cookies: [
      `__session${suffix}=${jwt}; ${attributes}`,
      `__refresh${suffix}=${refreshToken}; ${attributes}; HttpOnly`
    ]
  })
})

/** What each operation does. */
export const handlers: Readonly<Record<Operation, Handler>> = {
  "Sessions.list": list,
  "Sessions.create": create,
  "Sessions.get": get,
  "Sessions.refresh": refresh,
  "Sessions.revoke": revoke,
  "Sessions.createToken": createToken,
  "Sessions.createTokenFromTemplate": createTokenFromTemplate,
  "JWKS.get": ({ clerk }) => Effect.map(clerk.tokens.keySet, ok)
}
