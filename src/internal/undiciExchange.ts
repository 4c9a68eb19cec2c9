import * as Effect from "effect/Effect"
import type { Dispatcher } from "undici"

/** How many unread bytes of a body are held before the server is made to wait. */
const highWaterMark = 64 * 1024

type Controller = Dispatcher.DispatchController

/**
 * One request and its answer as undici tells of them: the handler of a `dispatch`, and what has arrived so far.
 *
 * An answer of ordinary size arrives whole, head and body, before any fiber wakes up: whoever reads it finds it
 * complete. A body that nobody reads is still taken up to the high-water mark, which frees its socket if that was all.
 *
 * @internal
 */
export class Exchange implements Dispatcher.DispatchHandler {
  /** Zero until the head has arrived. */
  status = 0
  headers: Record<string, string | Array<string> | undefined> = {}
  setCookie: string | ReadonlyArray<string> = []
  /** Whether the answer is complete, or will never be. */
  settled = false
  /** Why the answer will never be complete. */
  failure: { readonly cause: unknown } | undefined
  private chunks: Array<Uint8Array> = []
  private unread = 0
  private wantsAll = false
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
    // 100 Continue and its like precede the answer.
    if (status < 200) return
    this.status = status
    this.headers = headers
    this.setCookie = headers["set-cookie"] ?? []
    this.wake()
  }

  onResponseData(controller: Controller, chunk: Uint8Array): void {
    this.chunks.push(chunk)
    this.unread += chunk.length
    if (this.wantsAll) return
    if (this.unread > highWaterMark) controller.pause()
    this.wake()
  }

  onResponseEnd(): void {
    this.settle()
  }

  onResponseError(_: Controller | undefined, cause: unknown): void {
    this.failure = { cause }
    this.settle()
  }

  /** Breaks the request off, if it is still under way. */
  abort(): void {
    if (this.settled) return
    this.aborted = true
    // A request that still waits for its connection is broken off as soon as it has one.
    this.controller?.abort(new Error("The request was aborted"))
  }

  /** What has arrived since the last time. */
  take(): Array<Uint8Array> {
    const chunks = this.chunks
    this.chunks = []
    this.unread = 0
    this.controller?.resume()
    return chunks
  }

  /** Completes when more is known than now: the head, a chunk, the end. */
  progress(): Effect.Effect<void> {
    return Effect.async((resume) => {
      const others = this.notify
      // Made before it is assigned, or V8 keeps it and all it refers to for long, see `Attempt.within`.
      const notify = () => {
        others?.()
        resume(Effect.void)
      }
      this.notify = notify
    })
  }

  /** Completes when the exchange is settled; the body is kept until then, however long it is. */
  end(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.settled) return Effect.void
      this.wantsAll = true
      this.controller?.resume()
      return Effect.zipRight(this.progress(), this.end())
    })
  }

  private settle(): void {
    this.settled = true
    // What has waited for the exchange may keep it for long; undici's part of it is of no more use.
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
