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
import type { Entry } from "./state.js"
import * as Users from "./users.js"

type Handler = (call: Call) => Effect.Effect<Response, Envelope.ErrorResponse>

const statuses = ["active", "revoked", "ended", "expired", "removed", "abandoned", "replaced", "pending"]

const ok = (body: unknown): Response => Envelope.json(200, body)

const encode = Schema.encodeSync(Session.Session)

const encodeToken = (jwt: string) => ({ object: "token", jwt })

const find = ({ clerk, id }: Call): Effect.Effect<Entry, Envelope.ErrorResponse> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.mapError(Effect.fromNullable(clerk.state.entry(id, now)), () => Envelope.notFound("session", id))
  )

const findActive = (call: Call): Effect.Effect<Entry, Envelope.ErrorResponse> =>
  Effect.filterOrFail(
    find(call),
    ({ session }) => session.status === "active",
    () => Envelope.notFound("active session", call.id)
  )

const list: Handler = Effect.fnUntraced(function* ({ clerk, query }) {
  const { limit, offset } = yield* Params.page(query)
  const status = yield* Params.optionalOneOf(Params.queryFields(query), "status", statuses)
  const now = yield* Clock.currentTimeMillis
  const found = clerk.state.sessions(
    { clientId: query.get("client_id") ?? undefined, userId: query.get("user_id") ?? undefined, status },
    now
  )
  const page = found.slice(offset, offset + limit).map((session) => encode(session))
  return ok(query.get("paginated") === "true" ? { data: page, total_count: found.length } : page)
})

const create: Handler = Effect.fnUntraced(function* ({ body, clerk }) {
  if (clerk.instance === "production") return yield* Envelope.developmentOnly
  const userId = yield* Params.requiredString(body, "user_id")
  const organizationId = yield* Params.optionalString(body, "active_organization_id")
  if (clerk.state.user(userId) === undefined) return yield* Envelope.notFound("user", userId)
  const now = yield* Clock.currentTimeMillis
  const lastActiveOrganizationId = Option.fromNullable(organizationId)
  return ok(encode(clerk.state.addSession({ userId, lastActiveOrganizationId }, now)))
})

const get: Handler = (call) => Effect.map(find(call), ({ session }) => ok(encode(session)))

const revoke: Handler = Effect.fnUntraced(function* (call) {
  const { session } = yield* find(call)
  if (session.status === "revoked") return ok(encode(session))
  const now = yield* Clock.currentTimeMillis
  return ok(encode(call.clerk.state.setStatus(session.id, "revoked", now) ?? session))
})

const lifetime = ({ body }: Call) => Params.optionalInteger(body, "expires_in_seconds", 30, 315_360_000)

const createToken: Handler = Effect.fnUntraced(function* (call) {
  const requested = yield* lifetime(call)
  const { access, session } = yield* findActive(call)
  const now = yield* Clock.currentTimeMillis
  const jwt = yield* call.clerk.tokens.session(session, access, { now, lifetime: requested })
  return ok(encodeToken(jwt))
})

const createTokenFromTemplate: Handler = Effect.fnUntraced(function* (call) {
  const requested = yield* lifetime(call)
  const { session } = yield* findActive(call)
  const template = call.clerk.templates.get(call.template)
  if (template === undefined) return yield* Envelope.notFound("JWT template", call.template)
  const now = yield* Clock.currentTimeMillis
  const jwt = yield* call.clerk.tokens.template(template, session, { now, lifetime: requested })
  return ok(encodeToken(jwt))
})

/** The handlers of all operations. */
export const handlers: Readonly<Record<Operation, Handler>> = {
  "Sessions.list": list,
  "Sessions.create": create,
  "Sessions.get": get,
  "Sessions.refresh": (call) => Effect.map(refresh(call), ok),
  "Sessions.revoke": revoke,
  "Sessions.createToken": createToken,
  "Sessions.createTokenFromTemplate": createTokenFromTemplate,
  "JWKS.get": ({ clerk }) => Effect.map(clerk.tokens.keySet, ok),
  "Users.list": (call) => Effect.map(Users.list(call), ok),
  "Users.count": (call) => Effect.succeed(ok(Users.count(call))),
  "Users.get": (call) => Effect.map(Users.get(call), ok),
  "TestingTokens.create": ({ clerk }) =>
    Effect.map(Clock.currentTimeMillis, (now) =>
      ok({
        object: "testing_token",
        token: clerk.newTestingToken(),
        expires_at: Math.floor(now / 1000) + 3600
      })
    )
}
