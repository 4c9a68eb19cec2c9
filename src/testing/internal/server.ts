import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"

import type { ClientHint } from "../../internal/clientHint.js"
import { connectionReset, type ConnectionLost, type Handler } from "./connection.js"
import * as Envelope from "./envelope.js"
import { fromServer } from "./request.js"

/** Explains an error of an HTTP client that puts another URL in front of the URL of the server. */
export const explain: ClientHint = (error) =>
  Predicate.hasProperty(error, "reason") && error.reason === "InvalidUrl"
    ? "the HttpClient in the context cannot reach ClerkTest.layerServer, because it sends requests elsewhere, as the one" +
      " of NodeHttpServer.layerTest does; provide another HttpClient inside it, such as FetchHttpClient.layer"
    : undefined

/** Serves a handler over the platform's server until the scope closes, and returns the URL of the server. */
export const serve = (handle: Handler): Effect.Effect<string, never, HttpServer.HttpServer | Scope.Scope> =>
  Effect.gen(function* () {
    const closing = yield* Deferred.make<Exit.Exit<never, ConnectionLost>>()
    yield* HttpServer.serveEffect(
      toApp((request) =>
        Effect.flatten(Effect.raceFirst(Effect.exit(handle(request)), Deferred.await(closing)))
      )
    )
    // The server waits for pending responses before it closes; a request that hangs has none.
    yield* Effect.addFinalizer(() => Deferred.succeed(closing, Exit.fail(connectionReset)))
    return yield* HttpServer.addressWith(url)
  })

const toApp = (handle: Handler): HttpApp.Default =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    fromServer(request).pipe(
      Effect.flatMap(handle),
      Effect.map(HttpServerResponse.fromWeb),
      Effect.catchTag("ConnectionLost", () => dropConnection(request)),
      Effect.catchAllDefect((defect) =>
        Effect.as(
          Effect.logDebug("ClerkTest: a request could not be handled", defect),
          HttpServerResponse.fromWeb(Envelope.toResponse(Envelope.internal, "0".repeat(32)))
        )
      ),
      // The platform runs apps uninterruptibly, so a request that hangs would outlive its client.
      Effect.interruptible
    )
  )

/** Drops the connection where the server exposes its socket, as Node's does; elsewhere responds as a gateway. */
const dropConnection = ({
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

const url = (address: HttpServer.Address): Effect.Effect<string> =>
  address._tag === "UnixAddress"
    ? Effect.dieMessage("ClerkTest.layerServer: the server must listen on a TCP port")
    : Effect.succeed(loopbackUrl(address.hostname, address.port))

/** The URL under which this machine reaches a server that listens on a host and a port. */
export const loopbackUrl = (hostname: string, port: number): string => {
  const host = hostname === "0.0.0.0" || hostname === "::" ? "127.0.0.1" : hostname
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`
}
