import * as Effect from "effect/Effect"
import type { Dispatcher } from "undici"

/** Unread bytes of a body that are held before the socket is paused. */
const highWaterMark = 64 * 1024

type Controller = Dispatcher.DispatchController

/**
 * One request and its response: the handler of undici's `dispatch`, and what has arrived so far.
 *
 * A response of ordinary size arrives whole, head and body, before any fiber runs. A body that is not read is taken up to
 * the high-water mark, which frees its socket if that was all.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  /** Zero until the head has arrived. */
  status = 0
  headers: Record<string, string | Array<string> | undefined> = {}
  setCookie: string | ReadonlyArray<string> = []
  /** Whether the response is complete, or will never be. */
  settled = false
  /** Why the response will never be complete. */
  failure: { readonly cause: unknown } | undefined
  private chunks: Array<Uint8Array> = []
  private unread = 0
  /** The reader waits until there are more unread bytes than this, or no more to come. */
  private wanted = 0
  private aborted = false
  private controller: Controller | undefined
  private notify: (() => void) | undefined
  private readonly release: (() => void) | undefined

  /** @param release - called when the exchange is settled */
  constructor(release?: () => void) {
    this.release = release
  }

  onRequestStart(controller: Controller): void {
    this.controller = controller
    if (this.aborted) this.abort()
  }

  onResponseStart(_: Controller, status: number, headers: Exchange["headers"]): void {
    // Informational responses come before the final one.
    if (status < 200) return
    this.status = status
    this.headers = headers
    this.setCookie = headers["set-cookie"] ?? []
    this.wake()
  }

  onResponseData(controller: Controller, chunk: Uint8Array): void {
    this.chunks.push(chunk)
    this.unread += chunk.length
    if (this.unread > Math.max(highWaterMark, this.wanted)) controller.pause()
    if (this.unread > this.wanted) this.wake()
  }

  onResponseEnd(): void {
    this.settle()
  }

  onResponseError(_: Controller | undefined, cause: unknown): void {
    this.failure = { cause }
    this.settle()
  }

  /** Aborts the request, unless it has settled. */
  abort(): void {
    if (this.settled) return
    this.aborted = true
    // A request that waits for a connection is aborted as soon as it has one.
    this.controller?.abort(new Error("The request was aborted"))
  }

  /** Returns the chunks that have arrived since the last call. */
  take(): Array<Uint8Array> {
    const chunks = this.chunks
    this.chunks = []
    this.unread = 0
    this.controller?.resume()
    return chunks
  }

  /** Completes with the next event: the head, a chunk, the end. */
  progress(): Effect.Effect<void> {
    return Effect.async((resume) => {
      const others = this.notify
      // A closure that is assigned to a property where it is made would be kept by V8 until a major collection.
      const notify = () => {
        others?.()
        resume(Effect.void)
      }
      this.notify = notify
    })
  }

  /** Completes when the exchange is settled, or when more bytes than the limit have arrived and were not taken. */
  end(limit: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.settled || this.unread > limit) return Effect.void
      this.wanted = limit
      this.controller?.resume()
      return Effect.zipRight(this.progress(), this.end(limit))
    })
  }

  private settle(): void {
    this.settled = true
    // The exchange may live longer than the request; undici's part of it need not.
    this.controller = undefined
    this.release?.()
    this.wake()
  }

  private wake(): void {
    const notify = this.notify
    this.notify = undefined
    notify?.()
  }
}
