/** A server of `node:http` on loopback, for tests of HTTP clients. */
import { createServer } from "node:http"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"

import { HttpClient } from "@effect/platform"
import type { HttpClientError, HttpClientRequest } from "@effect/platform"
import { Deferred, Effect, Exit } from "effect"

/** Starts a server that ends with the scope. */
export const serve = (handle: (request: IncomingMessage, response: ServerResponse) => void) =>
  Effect.gen(function* () {
    const sockets = new Set<Socket>()
    const gone = yield* Deferred.make<void>()
    const arrived = yield* Deferred.make<void>()
    const server = yield* Effect.acquireRelease(
      Effect.async<ReturnType<typeof createServer>>((resume) => {
        const server = createServer((request, response) => {
          Deferred.unsafeDone(arrived, Exit.void)
          response.on("close", () => {
            if (!response.writableFinished) Deferred.unsafeDone(gone, Exit.void)
          })
          handle(request, response)
        })
        server.on("connection", (socket) => {
          sockets.add(socket)
          socket.on("close", () => sockets.delete(socket))
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    )
    return {
      // A server that listens on a TCP port has an address with a port.
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      /** Completes when the first request has arrived. */
      arrived: Deferred.await(arrived),
      /** Completes when a connection was closed before its response was complete. */
      gone: Deferred.await(gone),
      sockets
    }
  })

/** The request, as `echo` sends it back. */
export interface Echo {
  readonly method: string
  readonly url: string
  readonly headers: Record<string, string>
  readonly body: string
}

/** Responds with the request as JSON. */
export const echo = (request: IncomingMessage, response: ServerResponse): void => {
  const chunks: Array<Uint8Array> = []
  request.on("data", (chunk: Uint8Array) => chunks.push(chunk))
  request.on("end", () => {
    const { headers, method, url } = request
    response.setHeader("content-type", "application/json")
    response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }))
  })
}

/** Sends a request with the client of the context. */
export const send = (request: HttpClientRequest.HttpClientRequest) =>
  HttpClient.HttpClient.pipe(Effect.flatMap((client) => client.execute(request)))

/** Sends a request to a server that echoes it. */
export const sendEcho = (request: HttpClientRequest.HttpClientRequest) =>
  // The response of `echo`.
  send(request).pipe(
    Effect.flatMap((response) => response.json as Effect.Effect<Echo, HttpClientError.ResponseError>)
  )

/** Lets the event loop turn a number of times. */
export const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}
