import * as Headers from "@effect/platform/Headers"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"

import type { Clerk } from "./clerk.js"
import type { ConnectionLost, Handler } from "./connection.js"
import * as Envelope from "./envelope.js"
import * as Faults from "./faults.js"
import { handlers } from "./handlers.js"
import type { Ids } from "./ids.js"
import * as Params from "./params.js"
import { receive, type Received } from "./received.js"
import * as Routes from "./routes.js"
import * as State from "./state.js"
import * as Tokens from "./tokens.js"

/**
 * A request as the Clerk of a test saw it.
 *
 * @since 0.1.0
 * @category models
 */
export interface RecordedRequest {
  readonly operation: Routes.Operation | "unknown"
  readonly method: string
  /** The path as it was sent, without the query. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  /** All headers, the `authorization` among them redacted. */
  readonly headers: Readonly<Record<string, string | Redacted.Redacted>>
  /** The JSON of the body, or its text where it is no JSON; `undefined` where there was none, or too much of it. */
  readonly body: unknown
}

/** What it takes to make a Clerk. Lifetimes of sessions are in milliseconds, of tokens in seconds. */
export interface Options {
  readonly secretKey: Redacted.Redacted
  readonly production: boolean
  readonly templates: Readonly<Record<string, Tokens.Template>>
  readonly sessionLifetime: number
  readonly inactivityLifetime: number
  readonly tokenLifetime: number
  readonly ids: Ids
  readonly keyPair: CryptoKeyPair | undefined
}

/** A Clerk in memory: a handler, and the knobs to steer and observe what stands behind it. */
export interface Engine {
  readonly handle: Handler
  readonly state: State.State
  readonly faults: Faults.Faults
  readonly requests: ReadonlyArray<RecordedRequest>
}

/** Makes a Clerk with nobody in it. */
export const make = (options: Options): Engine => {
  const { ids, production } = options
  const state = State.make(options)
  const faults = Faults.make()
  const requests: Array<RecordedRequest> = []
  const clerk: Clerk = {
    state,
    tokens: Tokens.make({
      ids,
      issuer: production ? "https://clerk.example.com" : "https://test-clerk-00.clerk.accounts.dev",
      lifetime: options.tokenLifetime,
      keyPair: options.keyPair
    }),
    templates: new Map(Object.entries(options.templates)),
    production,
    cookieSuffix: ids.opaque("cookie", 8)
  }

  const refuse = (refusal: Envelope.Refusal) => Envelope.toResponse(refusal, ids.trace())

  const authenticate = (received: Received): Effect.Effect<void, Envelope.Refusal> => {
    const authorization = received.headers.get("authorization")
    if (authorization === null) return Envelope.authenticationInvalid
    const [, key] = /^bearer +(\S+)$/i.exec(authorization.trim()) ?? []
    if (key === undefined) return Envelope.authorizationFormatInvalid
    return key === Redacted.value(options.secretKey) ? Effect.void : Envelope.keyInvalid
  }

  const answer = (received: Received, match: Routes.Match): Effect.Effect<Response> =>
    Effect.gen(function* () {
      yield* authenticate(received)
      if (match._tag === "Nowhere") return yield* Envelope.unknownRoute(received.method, received.path)
      if (match._tag === "OtherMethod") {
        return yield* Envelope.methodNotAllowed(received.method, received.path)
      }
      const body = yield* Params.fields(received.body)
      return yield* handlers[match.operation]({ ...match, clerk, body, query: received.query })
    }).pipe(Effect.catchTag("Refusal", (refusal) => Effect.sync(() => refuse(refusal))))

  return {
    state,
    faults,
    requests,
    handle: Effect.fnUntraced(function* (request) {
      const received = yield* receive(request)
      const match = Routes.match(received.method, received.segments)
      const operation = match._tag === "Route" ? match.operation : undefined
      requests.push(record(received, operation))
      const fault = faults.take(operation)
      const healthy = answer(received, match)
      return yield* observed(received, fault === undefined ? healthy : Faults.apply(fault, healthy, refuse))
    })
  }
}

/** Leaves a line about the exchange in the debug log. */
const observed = Effect.fnUntraced(function* (
  received: Received,
  exchange: Effect.Effect<Response, ConnectionLost>
) {
  const started = yield* Clock.currentTimeMillis
  const outcome = yield* Effect.either(exchange)
  const took = (yield* Clock.currentTimeMillis) - started
  const status = Either.match(outcome, { onLeft: () => "connection lost", onRight: ({ status }) => status })
  yield* Effect.logDebug(`${received.method} ${received.path} ${status} ${Math.round(took)} ms`)
  return yield* outcome
})

const record = (received: Received, operation: Routes.Operation | undefined): RecordedRequest => ({
  operation: operation ?? "unknown",
  method: received.method,
  path: received.path,
  query: Object.fromEntries(received.query),
  headers: Headers.redact(Headers.fromInput(received.headers), "authorization"),
  body:
    received.body._tag === "Json"
      ? received.body.value
      : received.body._tag === "NotJson"
        ? received.body.text
        : undefined
})
