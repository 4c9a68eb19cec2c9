import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

import * as Session from "../../Session.js"
import type { Call } from "./clerk.js"
import * as Envelope from "./envelope.js"
import * as Params from "./params.js"
import { refresh } from "./refresh.js"
import type { Operation } from "./routes.js"

type Handler = (call: Call) => Effect.Effect<Response, Envelope.Refusal>

const statuses = ["active", "revoked", "ended", "expired", "removed", "abandoned", "replaced", "pending"]

const ok = (body: unknown): Response => Envelope.json(200, body)

const encode = Schema.encodeSync(Session.Session)

const answer = (session: Session.Session): Response => ok(encode(session))

const find = ({ clerk, sessionId }: Call): Effect.Effect<Session.Session, Envelope.Refusal> =>
  Effect.flatMap(Clock.currentTimeMillis, (now): Effect.Effect<Session.Session, Envelope.Refusal> =>
    Effect.fromNullable(clerk.state.session(sessionId, now)).pipe(
      Effect.mapError(() => Envelope.notFound("session", sessionId))
    )
  )

const findActive = (call: Call): Effect.Effect<Session.Session, Envelope.Refusal> =>
  Effect.filterOrFail(
    find(call),
    (session) => session.status === "active",
    () => Envelope.notFound("active session", call.sessionId)
  )

const list: Handler = Effect.fnUntraced(function* ({ clerk, query }) {
  const fields = Params.queryFields(query, "limit", "offset")
  const limit = (yield* Params.optionalInteger(fields, "limit", 1, 500)) ?? 10
  const offset = (yield* Params.optionalInteger(fields, "offset", 0, Number.MAX_SAFE_INTEGER)) ?? 0
  const status = yield* Params.optionalOneOf(fields, "status", statuses)
  const now = yield* Clock.currentTimeMillis
  const matching = (name: "client_id" | "user_id", value: string) => {
    const wanted = query.get(name)
    return wanted === null || wanted === value
  }
  const found = clerk.state
    .sessions(now)
    .filter(
      (session) =>
        matching("client_id", session.clientId) &&
        matching("user_id", session.userId) &&
        (status === undefined || status === session.status)
    )
  const page = found.slice(offset, offset + limit).map((session) => encode(session))
  return ok(query.get("paginated") === "true" ? { data: page, total_count: found.length } : page)
})

const create: Handler = Effect.fnUntraced(function* ({ body, clerk }) {
  if (clerk.production) return yield* Envelope.developmentOnly
  const userId = yield* Params.requiredString(body, "user_id")
  const organizationId = yield* Params.optionalString(body, "active_organization_id")
  if (!clerk.state.users.has(userId)) return yield* Envelope.notFound("user", userId)
  const now = yield* Clock.currentTimeMillis
  const lastActiveOrganizationId = Option.fromNullable(organizationId)
  return answer(clerk.state.addSession({ userId, lastActiveOrganizationId }, now))
})

const get: Handler = (call) => Effect.map(find(call), answer)

const revoke: Handler = Effect.fnUntraced(function* (call) {
  const session = yield* find(call)
  if (session.status === "revoked") return answer(session)
  const now = yield* Clock.currentTimeMillis
  return answer(call.clerk.state.setStatus(session.id, "revoked", now) ?? session)
})

const lifetime = ({ body }: Call) =>
  Effect.map(Params.optionalInteger(body, "expires_in_seconds", 30, 315_360_000), (seconds) =>
    seconds === undefined ? {} : { lifetime: seconds }
  )

const token = (jwt: string): Response => ok({ object: "token", jwt })

const createToken: Handler = Effect.fnUntraced(function* (call) {
  const wanted = yield* lifetime(call)
  const session = yield* findActive(call)
  const now = yield* Clock.currentTimeMillis
  return token(yield* call.clerk.tokens.session(session, { now, ...wanted }))
})

const createTokenFromTemplate: Handler = Effect.fnUntraced(function* (call) {
  const wanted = yield* lifetime(call)
  const session = yield* findActive(call)
  const template = call.clerk.templates.get(call.template)
  if (template === undefined) return yield* Envelope.notFound("JWT template", call.template)
  const now = yield* Clock.currentTimeMillis
  return token(yield* call.clerk.tokens.template(template, session, { now, ...wanted }))
})

/** What each operation does. */
export const handlers: Readonly<Record<Operation, Handler>> = {
  "Sessions.list": list,
  "Sessions.create": create,
  "Sessions.get": get,
  "Sessions.refresh": (call) => Effect.map(refresh(call), ok),
  "Sessions.revoke": revoke,
  "Sessions.createToken": createToken,
  "Sessions.createTokenFromTemplate": createTokenFromTemplate,
  "JWKS.get": ({ clerk }) => Effect.map(clerk.tokens.keySet, ok)
}
