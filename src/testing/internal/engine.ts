import * as Headers from "@effect/platform/Headers"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import type { Clerk } from "./clerk.js"
import type { Handler } from "./connection.js"
import * as Envelope from "./envelope.js"
import * as Faults from "./faults.js"
import { handlers } from "./handlers.js"
import * as Ids from "./ids.js"
import * as ReceivedModule from "./received.js"
import type { Received } from "./received.js"
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

/** What it takes to make a Clerk. */
export interface Options {
  readonly secretKey: Redacted.Redacted
  readonly instance: "development" | "production"
  readonly templates: Readonly<Record<string, Tokens.Template>>
  readonly sessionLifetime: Duration.Duration
  readonly inactivityLifetime: Duration.Duration
  readonly tokenLifetime: Duration.Duration
  readonly seed: string
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
  const ids = Ids.make(options.seed)
  const state = State.make({ ...options, ids })
  const faults = Faults.make()
  const requests: Array<RecordedRequest> = []
  const production = options.instance === "production"
  const clerk: Clerk = {
    state,
    tokens: Tokens.make({
      ids,
      issuer: production ? "https://clerk.example.com" : "https://test-clerk-00.clerk.accounts.dev",
      lifetime: options.tokenLifetime,
      keyPair: options.keyPair
    }),
    templates: options.templates,
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
      if (match._tag === "OtherMethod")
        return yield* Envelope.methodNotAllowed(received.method, received.path)
      if (received.body._tag === "TooLarge") return yield* Envelope.bodyTooLarge
      return yield* handlers[match.operation]({
        clerk,
        received,
        sessionId: match.sessionId,
        template: match.template
      })
    }).pipe(Effect.catchTag("Refusal", (refusal) => Effect.sync(() => refuse(refusal))))

  return {
    state,
    faults,
    requests,
    handle: Effect.fnUntraced(function* (request) {
      const started = yield* Clock.currentTimeMillis
      const received = yield* ReceivedModule.receive(request)
      const match = Routes.match(received.method, received.segments)
      const operation = match._tag === "Route" ? match.operation : undefined
      requests.push(record(received, operation))
      const fault = faults.take(operation)
      const healthy = answer(received, match)
      const response = yield* fault === undefined ? healthy : Faults.apply(fault, healthy, refuse)
      const took = (yield* Clock.currentTimeMillis) - started
      yield* Effect.logDebug(`${received.method} ${received.path} ${response.status} ${took}ms`)
      return response
    })
  }
}

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
