import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

import type { Fault } from "../Fault.js"
import { closed, type ConnectionLost } from "./connection.js"
import * as Envelope from "./envelope.js"
import type { Operation } from "./routes.js"

/** The faults that are still to come, in the order they were given. */
export interface Faults {
  readonly add: (fault: Fault, operation: Operation | undefined, times: number) => void
  /** The fault of this request, which counts as used. */
  readonly take: (operation: Operation | undefined) => Fault | undefined
}

/** Makes a queue without faults. */
export const make = (): Faults => {
  let waiting: ReadonlyArray<{
    readonly fault: Fault
    readonly operation: Operation | undefined
    readonly times: number
  }> = []
  return {
    add: (fault, operation, times) => {
      waiting = [...waiting, { fault, operation, times }]
    },
    take: (operation) => {
      const next = waiting.find((entry) => entry.operation === undefined || entry.operation === operation)
      waiting = waiting
        .map((entry) => (entry === next ? { ...entry, times: entry.times - 1 } : entry))
        .filter((entry) => entry.times > 0)
      return next?.fault
    }
  }
}

/** Lets a fault befall an exchange, of which `answer` is the healthy course. */
export const apply = (
  fault: Fault,
  answer: Effect.Effect<Response>,
  refuse: (refusal: Envelope.Refusal) => Response
): Effect.Effect<Response, ConnectionLost> => {
  switch (fault._tag) {
    case "RateLimited":
      return Effect.sync(() =>
        refuse(
          new Envelope.Refusal({
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
        refuse(
          new Envelope.Refusal({
            status: fault.status,
            errors: fault.errors.length > 0 ? fault.errors.map(Envelope.entry) : Envelope.internal.errors
          })
        )
      )
    case "Reset":
      return closed
    case "Lost":
      return Effect.zipRight(answer, closed)
    case "Hang":
      return Effect.never
    case "Delay":
      return Effect.delay(answer, fault.duration)
    case "Garbled":
      return Effect.flatMap(answer, (response) =>
        Effect.promise(async () => {
          const text = await response.text()
          return new Response(text.slice(0, text.length / 2), response)
        })
      )
  }
}
