import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

import type { Fault } from "../Fault.js"
import { type ConnectionLost, connectionReset } from "./connection.js"
import * as Envelope from "./envelope.js"
import type { Operation } from "./routes.js"

/** The faults that wait for requests, in the order in which they were injected. */
export interface Faults {
  readonly add: (fault: Fault, operation: Operation | undefined, times: number) => void
  /** Removes and returns the fault of the next request. */
  readonly take: (operation: Operation | undefined) => Fault | undefined
}

/** Makes an empty queue. */
export const make = (): Faults => {
  let waiting: ReadonlyArray<{
    readonly fault: Fault
    readonly operation: Operation | undefined
    readonly times: number
  }> = []
  return {
    add: (fault, operation, times) => {
      if (times >= 1) waiting = [...waiting, { fault, operation, times }]
    },
    take: (operation) => {
      const next = waiting.find((entry) => entry.operation === undefined || entry.operation === operation)
      waiting = waiting
        .map((entry) => (entry === next ? { ...entry, times: entry.times - 1 } : entry))
        .filter((entry) => entry.times >= 1)
      return next?.fault
    }
  }
}

const injectedError: Envelope.EntryJson = {
  code: "internal_clerk_error",
  message: "Internal error",
  long_message: "A test injected this fault."
}

/** Applies a fault to a request, which `respond` would handle. */
export const apply = (
  fault: Fault,
  respond: Effect.Effect<Response>,
  encode: (error: Envelope.ErrorResponse) => Response
): Effect.Effect<Response, ConnectionLost> => {
  switch (fault._tag) {
    case "RateLimited":
      return Effect.sync(() =>
        encode(
          new Envelope.ErrorResponse({
            status: 429,
            errors: [
              { code: "too_many_requests", message: "Too many requests", long_message: "Try again later." }
            ],
            ...Option.match(fault.retryAfter, {
              onNone: () => ({}),
              onSome: (retryAfter) => ({ retryAfter })
            })
          })
        )
      )
    case "Status":
      return Effect.sync(() =>
        encode(
          new Envelope.ErrorResponse({
            status: fault.status,
            errors: fault.errors.length > 0 ? fault.errors.map(Envelope.entry) : [injectedError]
          })
        )
      )
    case "Reset":
      return connectionReset
    case "ResponseLost":
      return Effect.zipRight(respond, connectionReset)
    case "Hang":
      return Effect.never
    case "Delay":
      return Effect.delay(respond, fault.duration)
    case "Truncated":
      return Effect.flatMap(respond, (response) =>
        Effect.promise(async () => {
          const text = await response.text()
          return new Response(text.slice(0, text.length / 2), response)
        })
      )
  }
}
