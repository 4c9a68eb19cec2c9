/**
 * A server whose every response is chosen by a test, on a loopback socket or in memory.
 *
 * It counts what a client does to it: requests that arrive, requests in flight, and requests that the client gives up.
 */
import * as Http from "node:http"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { Data, Effect, Exit, FiberId, FiberSet } from "effect"
import type { Fiber, Scope } from "effect"

/** One response; `rest` is the body's second part, which is sent when the effect succeeds. */
export interface Reply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer>
  readonly rest?: Effect.Effect<string, Reset>
}

/** The server drops the connection. */
export class Reset extends Data.TaggedError("Reset") {}

export interface Seen {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  /** Counts requests from 1. */
  readonly index: number
}

/** Decides on the response to a request; interrupted when the client gives the request up. */
export type Respond = (seen: Seen) => Effect.Effect<Reply, Reset>

export interface Counters {
  arrived: number
  /** Requests without a complete response. */
  inFlight: number
  /** Requests that the client gave up before the response was complete. */
  aborted: number
}

export interface Server {
  readonly url: string
  /** A client for a server in memory. */
  readonly client: HttpClient.HttpClient | undefined
  readonly counters: Readonly<Counters>
  readonly requests: ReadonlyArray<Seen>
  /** Waits until the counters satisfy the predicate. */
  readonly until: (holds: (counters: Readonly<Counters>) => boolean) => Effect.Effect<void>
  /** Waits until so many requests are in flight, but not for long where they never will be. */
  readonly settle: (inFlight: number, collectGarbage?: boolean) => Effect.Effect<void>
}

/** One turn of the event loop. */
export const turn: Effect.Effect<void> = Effect.async((resume) => {
  setImmediate(() => resume(Effect.void))
})

/** How long a run may wait for what never happens; only a failing test reaches it. */
const patience = 10_000

/** How long, and for how many turns, a state is waited for that may never come. */
const settlePatience = 200
const settleTurns = 200

const collect = (): void => {
  setFlagsFromString("--expose-gc")
  // `gc` is a function in contexts made after the flag was set.
  const gc = runInNewContext("gc") as () => void
  gc()
}

const track = () => {
  const counters: Counters = { arrived: 0, inFlight: 0, aborted: 0 }
  const requests: Array<Seen> = []
  const looks = new Set<() => void>()
  const changed = () => {
    for (const look of looks) look()
  }
  const until: Server["until"] = (holds) =>
    Effect.async<void>((resume) => {
      const end = (outcome: Effect.Effect<void>) => {
        clearTimeout(timer)
        looks.delete(look)
        resume(outcome)
      }
      const look = () => {
        if (holds(counters)) end(Effect.void)
      }
      const timer = setTimeout(
        () => end(Effect.die(`never happened: ${String(holds)}, but ${JSON.stringify(counters)}`)),
        patience
      )
      looks.add(look)
      look()
      return Effect.sync(() => end(Effect.void))
    })
  const settle: Server["settle"] = (inFlight, collectGarbage = false) =>
    Effect.gen(function* () {
      yield* Effect.repeatN(turn, 4)
      const start = performance.now()
      // Garbage is collected in the end, but nobody says when.
      const limit = collectGarbage ? patience : settlePatience
      for (
        let turns = 0;
        counters.inFlight !== inFlight && (turns < settleTurns || performance.now() - start < limit);
        turns++
      ) {
        // What a collection has found is told of some turns later.
        if (collectGarbage && turns % 64 === 0) collect()
        yield* turn
      }
      yield* Effect.repeatN(turn, 4)
    })
  return { counters, requests, changed, until, settle }
}

/** Listens on a free loopback port; closing the scope drops every connection. */
export const onSocket = (respond: Respond): Effect.Effect<Server, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { changed, counters, requests, settle, until } = track()
    const run = yield* FiberSet.makeRuntime<never, Reply | string, Reset>()

    const server = Http.createServer((request, response) => {
      request.resume()
      request.on("end", () => {
        const seen: Seen = {
          method: request.method ?? "",
          target: request.url ?? "",
          headers: Object.fromEntries(
            Object.entries(request.headers).map(([name, value]) => [name, String(value)])
          ),
          index: ++counters.arrived
        }
        requests.push(seen)
        counters.inFlight++
        let current: Fiber.RuntimeFiber<Reply | string, Reset> | undefined
        let dropped = false
        const drop = () => {
          dropped = true
          response.socket?.resetAndDestroy()
        }
        const runThen = <A extends Reply | string>(
          effect: Effect.Effect<A, Reset>,
          onSuccess: (value: A) => void
        ) => {
          const fiber = run(effect)
          current = fiber
          fiber.addObserver((exit) => {
            current = undefined
            if (Exit.isSuccess(exit)) onSuccess(exit.value)
            else if (!Exit.isInterrupted(exit)) drop()
          })
        }
        response.on("close", () => {
          counters.inFlight--
          if (!response.writableFinished && !dropped) counters.aborted++
          current?.unsafeInterruptAsFork(FiberId.none)
          changed()
        })
        changed()
        runThen(respond(seen), ({ body = "", headers = {}, rest, status = 200 }) => {
          response.writeHead(status, { "content-type": "application/json", ...headers })
          if (rest === undefined) {
            response.end(body)
          } else {
            response.write(body)
            runThen(rest, (more) => response.end(more))
          }
        })
      })
    })

    yield* Effect.acquireRelease(
      Effect.async<void>((resume) => {
        server.listen(0, "127.0.0.1", () => resume(Effect.void))
      }),
      () =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    )
    const address = server.address()
    const port = address !== null && typeof address === "object" ? address.port : 0
    return { url: `http://127.0.0.1:${port}`, client: undefined, counters, requests, until, settle }
  })

/**
 * Responds without a socket. A request is given up by its `AbortSignal` or by cancelling its body, as with `fetch`;
 * interrupting the fiber that waits for the response does nothing to the request.
 */
export const inMemory = (respond: Respond): Effect.Effect<Server, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { changed, counters, requests, settle, until } = track()
    const run = yield* FiberSet.makeRuntime<never, Reply | string, Reset>()

    const client = HttpClient.make((request, url, signal) =>
      Effect.async((resume) => {
        const fail = (cause: unknown) =>
          resume(Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause })))
        if (signal.aborted) return fail(signal.reason)
        const seen: Seen = {
          method: request.method,
          target: url.pathname + url.search,
          headers: request.headers,
          index: ++counters.arrived
        }
        requests.push(seen)
        counters.inFlight++
        changed()

        let current: Fiber.RuntimeFiber<Reply | string, Reset> | undefined
        let stream: ReadableStreamDefaultController<Uint8Array> | undefined
        let isOver = false
        const end = (isAborted: boolean) => {
          if (isOver) return
          isOver = true
          signal.removeEventListener("abort", onAbort)
          counters.inFlight--
          if (isAborted) counters.aborted++
          current?.unsafeInterruptAsFork(FiberId.none)
          changed()
        }
        const lose = (cause: unknown) => {
          if (stream === undefined) fail(cause)
          else stream.error(cause)
        }
        const onAbort = () => {
          if (isOver) return
          end(true)
          lose(signal.reason)
        }
        signal.addEventListener("abort", onAbort)

        const runThen = <A extends Reply | string>(
          effect: Effect.Effect<A, Reset>,
          onSuccess: (value: A) => void
        ) => {
          const fiber = run(effect)
          current = fiber
          fiber.addObserver((exit) => {
            current = undefined
            if (isOver) return
            if (Exit.isSuccess(exit)) return onSuccess(exit.value)
            end(false)
            lose(new Reset())
          })
        }
        runThen(respond(seen), ({ body = "", headers = {}, rest, status = 200 }) => {
          const init = { status, headers: { "content-type": "application/json", ...headers } }
          if (rest === undefined) {
            end(false)
            const isNull = status === 204 || status === 304
            return resume(
              Effect.succeed(HttpClientResponse.fromWeb(request, new Response(isNull ? null : body, init)))
            )
          }
          const source = new ReadableStream<Uint8Array>({
            start: (controller) => {
              stream = controller
              const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body
              if (bytes.length > 0) controller.enqueue(bytes)
            },
            cancel: () => end(true)
          })
          runThen(rest, (more) => {
            end(false)
            stream?.enqueue(new TextEncoder().encode(more))
            stream?.close()
          })
          resume(Effect.succeed(HttpClientResponse.fromWeb(request, new Response(source, init))))
        })
      })
    )
    return { url: "http://localhost", client, counters, requests, until, settle }
  })
