import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"

import { closed, type ConnectionLost, type Handler } from "./connection.js"
import * as Envelope from "./envelope.js"

/** Serves a handler over the platform's server until the scope closes, and answers where it can be reached. */
export const serve = (handle: Handler): Effect.Effect<string, never, HttpServer.HttpServer | Scope.Scope> =>
  Effect.gen(function* () {
    const closing = yield* Deferred.make<Exit.Exit<never, ConnectionLost>>()
    yield* HttpServer.serveEffect(
      toApp((request) =>
        Effect.flatten(Effect.raceFirst(Effect.exit(handle(request)), Deferred.await(closing)))
      )
    )
    // The server waits for the answers that are due before it closes; a request that hangs has none.
    yield* Effect.addFinalizer(() => Deferred.succeed(closing, Exit.fail(closed)))
    return yield* HttpServer.addressWith(reachable)
  })

const toApp = (handle: Handler): HttpApp.Default =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    HttpServerRequest.toWeb(request).pipe(
      Effect.flatMap(handle),
      Effect.map(HttpServerResponse.fromWeb),
      Effect.catchTag("ConnectionLost", () => hangUp(request)),
      // What cannot even be put as a request of the web (a TRACE, a target that is no URL) is answered all the same.
      Effect.orDieWith(({ message }) => new Error(message)),
      Effect.catchAllDefect((defect) =>
        Effect.as(Effect.logDebug("A request could not be handled", defect), internalError())
      ),
      // The platform runs its applications uninterruptibly: a client that goes away could not end a request that hangs.
      Effect.interruptible
    )
  )

const internalError = () => HttpServerResponse.fromWeb(Envelope.toResponse(Envelope.internal, "0".repeat(32)))

/** Drops the connection where the server shows its socket, as Node's does; elsewhere a gateway stands in for that. */
const hangUp = ({
  source
}: HttpServerRequest.HttpServerRequest): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  Effect.suspend(() => {
    if (!Predicate.hasProperty(source, "socket") || !isSocket(source.socket)) {
      return HttpServerResponse.text("The connection was lost", { status: 502 })
    }
    source.socket.destroy()
    return Effect.never
  })

const isSocket = (value: unknown): value is { readonly destroy: () => void } =>
  Predicate.hasProperty(value, "destroy") && Predicate.isFunction(value.destroy)

const reachable = (address: HttpServer.Address): Effect.Effect<string> => {
  if (address._tag === "UnixAddress") {
    return Effect.dieMessage("ClerkTest.layerServer: the server must listen on a TCP port")
  }
  const host = address.hostname === "0.0.0.0" || address.hostname === "::" ? "127.0.0.1" : address.hostname
  return Effect.succeed(`http://${host.includes(":") ? `[${host}]` : host}:${address.port}`)
}
