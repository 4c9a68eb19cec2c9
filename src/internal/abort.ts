/**
 * Aborts the requests of an attempt that cannot be interrupted.
 *
 * A client may run its transport in an uninterruptible region. There, only the transport itself can end a request: it finds
 * this service in its context, and adds what it has under way. The transport over undici does.
 */
import * as Context from "effect/Context"

interface Abortable {
  readonly abort: () => void
}

export class Abort {
  private readonly underWay: Array<Abortable> = []

  add(request: Abortable): void {
    this.underWay.push(request)
  }

  abort(): void {
    this.underWay.forEach((request) => request.abort())
  }
}

/** Two copies of the package share the service: their methods are the same. */
export const CurrentAbort = Context.GenericTag<Abort>("effect-clerk/CurrentAbort")
