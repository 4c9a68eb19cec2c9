/**
 * A server that misbehaves on purpose: it speaks HTTP by writing bytes to a socket, so that it can also write the
 * wrong ones, none at all, or stop half way. What it does to a request is chosen per request by a `Behaviour`; what it
 * saw is counted.
 */
import * as Net from "node:net"

import { Data, Effect, Exit, FiberId, FiberSet } from "effect"
import type { Duration, Fiber, Scope } from "effect"

/** One request as it arrived, byte for byte where that matters. */
export interface Seen {
  readonly method: string
  /** Path and query exactly as they stood in the request line. */
  readonly target: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A request and the means to answer it, well or badly. */
export interface Exchange {
  readonly request: Seen
  /** The how-many-eth request of this server it is, from 1. */
  readonly index: number
  /** The how-many-eth request of its connection it is, from 1. */
  readonly indexOnConnection: number
  /** The URL of another server, for redirects to lure to. */
  readonly elsewhere: string
  /** Writes and waits until the bytes have left the process, so that an endless body does not fill the memory here. */
  readonly write: (bytes: string | Uint8Array) => Effect.Effect<void>
  /** Closes the connection in the ordinary way. */
  readonly close: Effect.Effect<void>
  /** Drops the connection as a crashed peer does (RST). */
  readonly reset: Effect.Effect<void>
}

/** What the server does with a request; interrupted as soon as the client goes away. */
export type Behaviour = (exchange: Exchange) => Effect.Effect<void>

export interface FaultServer {
  readonly url: string
  readonly port: number
  /** Every request so far, in order of arrival. */
  readonly requests: ReadonlyArray<Seen>
  readonly counters: Readonly<Counters>
  /** Replaces the behaviour for the requests to come. */
  readonly behave: (behaviour: Behaviour) => void
  /** Waits until a statement about the counters is true, and fails when it is not within the time. */
  readonly until: (
    what: string,
    holds: (counters: Readonly<Counters>) => boolean,
    within?: Duration.DurationInput
  ) => Effect.Effect<void, NeverHeld>
}

export interface Options {
  /** The URL of another server, for redirects to lure to. */
  readonly elsewhere?: string
  /** Whether it keeps the requests, which takes memory for every one. */
  readonly remembers?: boolean
}

export interface Counters {
  /** Requests that arrived so far. */
  arrived: number
  /** Connections accepted so far. */
  opened: number
  /** Connections open now. */
  open: number
  /** Requests being dealt with now. */
  inFlight: number
  /** Requests that the client gave up while the server was still dealing with them. */
  aborted: number
  /** Bytes of answers taken by the sockets. */
  written: number
}

/** The counters did not come to say what a test waited for. */
export class NeverHeld extends Data.TaggedError("NeverHeld")<{
  readonly what: string
  readonly state: string
}> {
  override get message(): string {
    return `waited for "${this.what}", but: ${this.state}`
  }
}

/** Starts a server on a free loopback port; closing the scope ends it with every connection it has. */
export const make = (
  initial: Behaviour,
  { elsewhere = "http://127.0.0.1:1", remembers = true }: Options = {}
): Effect.Effect<FaultServer, never, Scope.Scope> =>
  Effect.gen(function* () {
    let behaviour = initial
    const requests: Array<Seen> = []
    const counters: Counters = { arrived: 0, opened: 0, open: 0, inFlight: 0, aborted: 0, written: 0 }
    const sockets = new Set<Net.Socket>()
    const waiting = new Set<() => void>()
    const changed = () => {
      for (const look of waiting) look()
    }
    const run = yield* FiberSet.makeRuntime<never, void, never>()

    const server = Net.createServer({ noDelay: true }, (socket) => {
      let pending = Buffer.alloc(0)
      let indexOnConnection = 0
      let current: Fiber.RuntimeFiber<void> | undefined
      let droppedHere = false
      counters.opened++
      counters.open++
      sockets.add(socket)
      changed()

      const next = () => {
        if (current !== undefined || socket.destroyed) return
        const parsed = parse(pending)
        if (parsed === undefined) return
        pending = parsed.rest
        if (remembers) requests.push(parsed.request)
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
                // The client went away: the end of the connection interrupts whoever waits here.
                if (error) return
                counters.written += Buffer.byteLength(bytes)
                changed()
                resume(Effect.void)
              })
            }),
          close: Effect.sync(() => {
            droppedHere = true
            socket.end()
          }),
          reset: Effect.sync(() => {
            droppedHere = true
            socket.resetAndDestroy()
          })
        }
        changed()
        const fiber = run(behaviour(exchange))
        current = fiber
        fiber.addObserver((exit) => {
          current = undefined
          counters.inFlight--
          if (Exit.isInterrupted(exit) && !droppedHere) counters.aborted++
          changed()
          next()
        })
      }

      socket.on("data", (chunk) => {
        pending = Buffer.concat([pending, chunk])
        next()
      })
      // A reset by the client is one of the things under test; "close" follows it.
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
    const until: FaultServer["until"] = (what, holds, within = "2 seconds") =>
      Effect.async<void>((resume) => {
        const look = () => {
          if (!holds(counters)) return
          waiting.delete(look)
          resume(Effect.void)
        }
        waiting.add(look)
        look()
        return Effect.sync(() => waiting.delete(look))
      }).pipe(
        Effect.timeoutFail({
          duration: within,
          onTimeout: () => new NeverHeld({ what, state: JSON.stringify(counters) })
        })
      )

    return {
      url: `http://127.0.0.1:${port}`,
      port,
      requests,
      counters,
      behave: (next) => {
        behaviour = next
      },
      until
    }
  })

/** A loopback port that nobody listens on: it was given out by the system a moment ago and handed back. */
export const deadPort: Effect.Effect<number> = Effect.scoped(
  Effect.map(
    make(() => Effect.void),
    (server) => server.port
  )
)

/** Two turns of the event loop: an HTTP client waits for one before it uses a connection again. */
export const turn: Effect.Effect<void> = Effect.repeatN(
  Effect.async<void>((resume) => {
    setImmediate(() => resume(Effect.void))
  }),
  1
)

/** The first whole request in the bytes so far; a body has a length here, which is all that a JSON client sends. */
const parse = (bytes: Buffer): { request: Seen; rest: Buffer<ArrayBuffer> } | undefined => {
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
