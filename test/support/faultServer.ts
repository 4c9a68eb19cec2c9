/**
 * A server that injects faults. It writes bytes to a socket, so that a response can be malformed, incomplete or missing.
 * A `Handler` decides what happens to a request. The server counts what it sees.
 */
import * as Net from "node:net"

import { Data, Effect, Exit, FiberId, FiberSet } from "effect"
import type { Duration, Fiber, Scope } from "effect"

import type { Request } from "./wire.js"

/** A request, and the means to respond. */
export interface Exchange {
  readonly request: Request
  /** Counts the requests of the server from 1. */
  readonly index: number
  /** Counts the requests of the connection from 1. */
  readonly indexOnConnection: number
  /** The URL of another server, for redirects. */
  readonly elsewhere: string
  /** Completes when the bytes have left the process, so that an endless body takes no memory. */
  readonly write: (bytes: string | Uint8Array) => Effect.Effect<void>
  /** Closes the connection. */
  readonly close: Effect.Effect<void>
  /** Resets the connection (RST). */
  readonly reset: Effect.Effect<void>
}

/** Responds to a request; interrupted when the client closes the connection. */
export type Handler = (exchange: Exchange) => Effect.Effect<void>

export interface Counters {
  /** Requests so far. */
  arrived: number
  /** Connections so far. */
  opened: number
  /** Connections open now. */
  open: number
  /** Requests whose handler runs now. */
  inFlight: number
  /** Requests that the client gave up while their handler ran. */
  aborted: number
  /** Bytes that the sockets have taken. */
  written: number
}

export interface FaultServer {
  readonly url: string
  readonly port: number
  /** Every request so far, in order of arrival. */
  readonly requests: ReadonlyArray<Request>
  readonly counters: Readonly<Counters>
  /** Replaces the handler for later requests. */
  readonly handle: (handler: Handler) => void
  /** Waits until the counters meet a condition. Only a failing test reaches the limit. */
  readonly until: (
    what: string,
    holds: (counters: Readonly<Counters>) => boolean,
    limit?: Duration.DurationInput
  ) => Effect.Effect<void, NotReached>
}

export interface Options {
  readonly elsewhere?: string
  /** Whether to keep the requests, which takes memory for each. */
  readonly keepRequests?: boolean
}

/** The counters did not meet a condition that a test waited for. */
export class NotReached extends Data.TaggedError("NotReached")<{
  readonly what: string
  readonly state: string
}> {
  override get message(): string {
    return `waited for "${this.what}", but: ${this.state}`
  }
}

/** Starts a server on a free loopback port. It ends with the scope, and closes its connections. */
export const make = (
  initial: Handler,
  { elsewhere = "http://127.0.0.1:1", keepRequests = true }: Options = {}
): Effect.Effect<FaultServer, never, Scope.Scope> =>
  Effect.gen(function* () {
    let handler = initial
    const requests: Array<Request> = []
    const counters: Counters = { arrived: 0, opened: 0, open: 0, inFlight: 0, aborted: 0, written: 0 }
    const sockets = new Set<Net.Socket>()
    const waiting = new Set<() => void>()
    const changed = () => {
      for (const check of waiting) check()
    }
    const run = yield* FiberSet.makeRuntime<never, void, never>()

    const server = Net.createServer({ noDelay: true }, (socket) => {
      let pending = Buffer.alloc(0)
      let indexOnConnection = 0
      let current: Fiber.RuntimeFiber<void> | undefined
      let closedHere = false
      counters.opened++
      counters.open++
      sockets.add(socket)
      changed()

      const next = () => {
        if (current !== undefined || socket.destroyed) return
        const parsed = parse(pending)
        if (parsed === undefined) return
        pending = parsed.rest
        if (keepRequests) requests.push(parsed.request)
        counters.arrived++
        counters.inFlight++
        indexOnConnection++
        const exchange: Exchange = {
          request: parsed.request,
          index: counters.arrived,
          indexOnConnection,
          elsewhere,
          write: (bytes) =>
            Effect.async((resume) => {
              socket.write(bytes, (error) => {
                // After an error, the event "close" interrupts the handler.
                if (error) return
                counters.written += Buffer.byteLength(bytes)
                changed()
                resume(Effect.void)
              })
            }),
          close: Effect.sync(() => {
            closedHere = true
            socket.end()
          }),
          reset: Effect.sync(() => {
            closedHere = true
            socket.resetAndDestroy()
          })
        }
        changed()
        const fiber = run(handler(exchange))
        current = fiber
        fiber.addObserver((exit) => {
          current = undefined
          counters.inFlight--
          if (Exit.isInterrupted(exit) && !closedHere) counters.aborted++
          changed()
          next()
        })
      }

      socket.on("data", (chunk) => {
        pending = Buffer.concat([pending, chunk])
        next()
      })
      // The client may reset the connection; "close" follows.
      socket.on("error", () => {})
      socket.on("close", () => {
        counters.open--
        sockets.delete(socket)
        current?.unsafeInterruptAsFork(FiberId.none)
        changed()
      })
    })

    yield* Effect.acquireRelease(
      Effect.async<void>((resume) => {
        server.listen(0, "127.0.0.1", () => resume(Effect.void))
      }),
      () =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          for (const socket of sockets) socket.destroy()
        })
    )

    const address = server.address()
    const port = address !== null && typeof address === "object" ? address.port : 0
    const until: FaultServer["until"] = (what, holds, limit = "40 seconds") =>
      Effect.async<void>((resume) => {
        const check = () => {
          if (!holds(counters)) return
          waiting.delete(check)
          resume(Effect.void)
        }
        waiting.add(check)
        check()
        return Effect.sync(() => waiting.delete(check))
      }).pipe(
        Effect.timeoutFail({
          duration: limit,
          onTimeout: () => new NotReached({ what, state: JSON.stringify(counters) })
        })
      )

    return {
      url: `http://127.0.0.1:${port}`,
      port,
      requests,
      counters,
      handle: (next) => {
        handler = next
      },
      until
    }
  })

/** A loopback port that was free a moment ago. */
export const freePort: Effect.Effect<number> = Effect.scoped(
  Effect.map(
    make(() => Effect.void),
    ({ port }) => port
  )
)

/** Lets the event loop turn twice: an HTTP client waits for a turn before it uses a connection again. */
export const turn: Effect.Effect<void> = Effect.repeatN(
  Effect.async<void>((resume) => {
    setImmediate(() => resume(Effect.void))
  }),
  1
)

/** Parses the first complete request. A body must have a `Content-Length`. */
const parse = (bytes: Buffer): { request: Request; rest: Buffer<ArrayBuffer> } | undefined => {
  const end = bytes.indexOf("\r\n\r\n")
  if (end < 0) return undefined
  const [requestLine = "", ...lines] = bytes.subarray(0, end).toString("latin1").split("\r\n")
  const [method = "", target = ""] = requestLine.split(" ")
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(":")
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  const start = end + 4
  const length = Number(headers["content-length"] ?? 0)
  if (bytes.length < start + length) return undefined
  return {
    request: { method, target, headers, body: bytes.subarray(start, start + length).toString("utf8") },
    rest: Buffer.from(bytes.subarray(start + length))
  }
}
