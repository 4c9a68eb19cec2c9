import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"

import type { Clerk } from "./clerk.js"
import type { ConnectionLost, Handler } from "./connection.js"
import * as Envelope from "./envelope.js"
import * as Faults from "./faults.js"
import { handlers } from "./handlers.js"
import * as Params from "./params.js"
import type { ParsedRequest } from "./request.js"
import * as RequestLog from "./requestLog.js"
import * as Routes from "./routes.js"

/** A Clerk in memory: its handler, its faults and its requests. */
export interface Engine {
  readonly handle: Handler
  readonly clerk: Clerk
  readonly faults: Faults.Faults
  readonly requests: RequestLog.RequestLog
}

/** Makes the handler of a Clerk. */
export const make = (options: {
  readonly clerk: Clerk
  readonly secretKey: Redacted.Redacted
  readonly traceId: () => string
}): Engine => {
  const { clerk, secretKey, traceId } = options
  const faults = Faults.make()
  const requests = RequestLog.make()

  const encodeError = (error: Envelope.ErrorResponse) => Envelope.toResponse(error, traceId())

  const authorize = (request: ParsedRequest): Effect.Effect<void, Envelope.ErrorResponse> => {
    const authorization = request.headers.get("authorization")
    if (authorization === null) return Envelope.authenticationInvalid
    const [, key] = /^bearer +(\S+)$/i.exec(authorization.trim()) ?? []
    if (key === undefined) return Envelope.authorizationFormatInvalid
    return key === Redacted.value(secretKey) ? Effect.void : Envelope.keyInvalid
  }

  const respond = (request: ParsedRequest, match: Routes.Match): Effect.Effect<Response> =>
    Effect.gen(function* () {
      if (match._tag !== "Route" || !match.isPublic) yield* authorize(request)
      if (match._tag === "NotFound") return yield* Envelope.unknownRoute(request.method, request.path)
      if (match._tag === "MethodNotAllowed") {
        return yield* Envelope.methodNotAllowed(request.method, request.path)
      }
      const body = yield* Params.fields(request.body)
      return yield* handlers[match.operation]({ ...match, clerk, body, query: request.query })
    }).pipe(Effect.catchTag("ErrorResponse", (error) => Effect.sync(() => encodeError(error))))

  return {
    clerk,
    faults,
    requests,
    handle: Effect.fnUntraced(function* (request) {
      const match = Routes.match(request.method, request.segments)
      const operation = match._tag === "Route" ? match.operation : undefined
      requests.add(request, operation, yield* Clock.currentTimeMillis)
      const fault = faults.take(operation)
      const response = respond(request, match)
      return yield* logExchange(
        request,
        fault === undefined ? response : Faults.apply(fault, response, encodeError)
      )
    })
  }
}

/** Writes a debug line about an exchange. */
export const logExchange = Effect.fnUntraced(function* (
  { method, path }: ParsedRequest,
  exchange: Effect.Effect<Response, ConnectionLost>
) {
  const started = yield* Clock.currentTimeMillis
  const outcome = yield* Effect.either(exchange)
  const took = (yield* Clock.currentTimeMillis) - started
  const status = Either.match(outcome, { onLeft: () => "connection lost", onRight: ({ status }) => status })
  yield* Effect.logDebug(`${method} ${path} ${status} ${Math.round(took)} ms`)
  return yield* outcome
})
