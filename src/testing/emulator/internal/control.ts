/** The control endpoint of the emulator, `/_emulator`, for tests in any language. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"

import * as Session from "../../../Session.js"
import type { Handler } from "../../internal/connection.js"
import { logExchange } from "../../internal/engine.js"
import * as Envelope from "../../internal/envelope.js"
import { type FakeClerk, make as makeClerk } from "../../internal/fakeClerk.js"
import type { ParsedRequest } from "../../internal/request.js"
import * as Seed from "./seed.js"

/** The fake Clerk of the emulator, and a handler of its requests and of those of the control endpoint. */
export const make = (options: Seed.Seed) =>
  Effect.gen(function* () {
    const start = Effect.tap(makeClerk(options), ({ service }) =>
      Effect.forEach(options.faults ?? [], inject(service))
    )
    const clerk = yield* Ref.make(yield* start)
    const restart = Effect.flatMap(start, (fresh) => Ref.set(clerk, fresh))
    const handle: Handler = (request) =>
      Effect.flatMap(Ref.get(clerk), (current) =>
        request.segments?.[0] === "_emulator"
          ? logExchange(request, control(request, current, restart))
          : current.engine.handle(request)
      )
    return { handle, clerk: Ref.get(clerk) }
  })

const inject = (service: FakeClerk["service"]) => (injection: typeof Seed.Injection.Type) =>
  service.inject(Seed.toFault(injection), injection)

const Status = Schema.Struct({ status: Schema.NonEmptyString })
const User = Schema.Struct({ id: Schema.optional(Schema.NonEmptyString) })
const Record = Schema.Record({ key: Schema.String, value: Schema.Unknown })
const Token = Schema.Struct({
  claims: Schema.optional(Record),
  header: Schema.optional(Record),
  version: Schema.optional(Schema.Literal(1, 2))
})

const encodeSession = Schema.encodeSync(Session.Session)

const ok = (body: unknown = {}): Response => Envelope.json(200, body)

const error = (status: number, message: string): Response => Envelope.json(status, { error: message })

const control = (
  request: ParsedRequest,
  { engine, service }: FakeClerk,
  restart: Effect.Effect<void>
): Effect.Effect<Response> => {
  const [, resource, id = "", property] = request.segments ?? []
  const path = [resource, id === "" ? undefined : ":id", property]
    .filter((part) => part !== undefined)
    .join("/")

  /** Decodes the body and runs the action; a wrong body is a 400 that names the place. */
  const withBody = <A, I>(schema: Schema.Schema<A, I>, run: (body: A) => Effect.Effect<unknown>) =>
    Effect.matchEffect(Seed.decode(schema)(bodyOf(request)), {
      onFailure: ({ detail }) => Effect.succeed(error(400, detail)),
      onSuccess: (body) => Effect.map(run(body), ok)
    })

  /** Runs the action if the session in the path exists. */
  const withSession = (run: () => Effect.Effect<Response>) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      engine.clerk.state.entry(id, now) === undefined
        ? Effect.succeed(error(404, `there is no session ${id}`))
        : run()
    )

  switch (`${request.method} ${path}`) {
    case "GET requests":
      return Effect.map(service.requests, (requests) => ok({ requests: requests.map(encodeRequest) }))
    case "POST faults":
      return withBody(Seed.Injection, inject(service))
    case "POST users":
      return withBody(User, ({ id }) => Effect.map(service.addUser(id), (id) => ({ id })))
    case "GET sessions":
      return Effect.map(service.sessions, (sessions) =>
        ok({ sessions: sessions.map((session) => encodeSession(session)) })
      )
    case "POST sessions":
      return withBody(Seed.Session, (seed) => Effect.map(service.addSession(seed), encodeSession))
    case "POST sessions/:id/status":
      return withSession(() =>
        withBody(Status, ({ status }) => Effect.map(service.setStatus(id, status), encodeSession))
      )
    case "GET sessions/:id/refresh_token":
      return withSession(() =>
        Effect.map(service.refreshToken(id), (token) => ok({ refreshToken: Redacted.value(token) }))
      )
    case "POST sessions/:id/token":
      return withSession(() =>
        withBody(Token, (options) =>
          Effect.map(service.sessionToken(id, options), (token) => ({ jwt: Redacted.value(token) }))
        )
      )
    case "POST rotate_keys":
      return Effect.as(service.rotateKeys, ok())
    case "POST reset":
      return Effect.as(restart, ok())
    default:
      return Effect.succeed(
        error(404, `there is no ${request.method} ${request.path}; there are ${endpoints.join(", ")}`)
      )
  }
}

const endpoints = [
  "GET /_emulator/requests",
  "POST /_emulator/faults",
  "POST /_emulator/users",
  "GET /_emulator/sessions",
  "POST /_emulator/sessions",
  "POST /_emulator/sessions/:id/status",
  "GET /_emulator/sessions/:id/refresh_token",
  "POST /_emulator/sessions/:id/token",
  "POST /_emulator/rotate_keys",
  "POST /_emulator/reset"
]

/** An empty body counts as an empty object. */
const bodyOf = ({ body }: ParsedRequest): unknown =>
  body._tag === "Empty" ? {} : body._tag === "Json" ? body.value : undefined

const encodeRequest = ({ at, headers, ...request }: FakeRequest) => ({
  ...request,
  at: DateTime.formatIso(at),
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
})

type FakeRequest = Effect.Effect.Success<FakeClerk["service"]["requests"]>[number]
