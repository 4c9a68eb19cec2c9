/** Serves a handler with Node's own server. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"

import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"

import { type ConnectionLost, connectionReset, type Handler } from "../../internal/connection.js"
import * as Envelope from "../../internal/envelope.js"
import { bodyCollector, make, type ParsedRequest } from "../../internal/request.js"
import { loopbackUrl } from "../../internal/server.js"
import { UsageError } from "./usageError.js"

/** Proxies keep idle connections for up to a minute, and must not find them closed. */
const keepAliveTimeout = 65_000

/** Serves until the scope closes, and returns the URL of the server. */
export const serve = (
  handle: Handler,
  address: { readonly host: string; readonly port: number }
): Effect.Effect<string, UsageError, Scope.Scope> =>
  Effect.gen(function* () {
    const runFork = Runtime.runFork(yield* Effect.runtime<never>())
    const server = createServer(
      { keepAliveTimeout, headersTimeout: keepAliveTimeout + 1000 },
      (incoming, outgoing) => {
        const fiber = runFork(respond(handle, incoming, outgoing))
        outgoing.once("close", () => fiber.unsafeInterruptAsFork(fiber.id()))
      }
    )
    yield* Effect.acquireRelease(listen(server, address), () =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
    )
    const bound = server.address()
    return loopbackUrl(address.host, typeof bound === "object" && bound !== null ? bound.port : address.port)
  })

const listen = (server: Server, { host, port }: { readonly host: string; readonly port: number }) =>
  Effect.async<void, UsageError>((resume) => {
    server.once("error", (error) => {
      const code = Predicate.hasProperty(error, "code") ? String(error.code) : error.message
      resume(new UsageError({ message: listenErrors[code]?.(host, port) ?? `cannot listen: ${code}` }))
    })
    server.listen({ host, port }, () => resume(Effect.void))
  })

const noHost = (host: string) => `--host ${host} is not an address of this machine`

const listenErrors: Readonly<Record<string, (host: string, port: number) => string>> = {
  EADDRINUSE: (_, port) => `port ${port} is taken; choose another one with --port`,
  EACCES: (_, port) => `port ${port} needs more rights; choose another one with --port`,
  EADDRNOTAVAIL: noHost,
  ENOTFOUND: noHost,
  EAI_AGAIN: noHost
}

const respond = (handle: Handler, incoming: IncomingMessage, outgoing: ServerResponse) =>
  read(incoming).pipe(
    Effect.flatMap(handle),
    Effect.catchAllDefect((defect) =>
      Effect.as(
        Effect.logError(Cause.pretty(Cause.die(defect))),
        Envelope.toResponse(Envelope.internal, "0".repeat(32))
      )
    ),
    Effect.matchEffect({
      onFailure: () => Effect.sync(() => incoming.socket.destroy()),
      onSuccess: (response) => write(response, outgoing)
    })
  )

const read = (incoming: IncomingMessage): Effect.Effect<ParsedRequest, ConnectionLost> =>
  Effect.tryPromise({
    try: async () => {
      const body = bodyCollector()
      for await (const chunk of incoming) body.add(chunk)
      return make({
        method: incoming.method ?? "GET",
        target: incoming.url ?? "/",
        headers: headers(incoming),
        body: body.end()
      })
    },
    catch: () => connectionReset
  })

const headers = ({ headersDistinct }: IncomingMessage): Headers => {
  const headers = new Headers()
  for (const [name, values = []] of Object.entries(headersDistinct)) {
    for (const value of values) headers.append(name, value)
  }
  return headers
}

const write = (response: Response, outgoing: ServerResponse) =>
  Effect.promise(async () => {
    const body = new Uint8Array(await response.arrayBuffer())
    const length = response.body === null ? {} : { "content-length": body.byteLength }
    outgoing.writeHead(response.status, { ...Object.fromEntries(response.headers), ...length })
    outgoing.end(body)
  })
