import * as Headers from "@effect/platform/Headers"
import * as DateTime from "effect/DateTime"
import type * as Redacted from "effect/Redacted"

import type { Body, ParsedRequest } from "./request.js"
import type { Operation } from "./routes.js"

/**
 * A request that a fake Clerk received.
 *
 * @since 0.1.0
 * @category models
 */
export interface RecordedRequest {
  /** When it arrived, on Effect's clock. */
  readonly at: DateTime.Utc
  /** The operation; `"unknown"` for a request that is none. */
  readonly operation: Operation | "unknown"
  /** The HTTP method. */
  readonly method: string
  /** The path as it was sent, without the query. */
  readonly path: string
  /** The parameters of the query. */
  readonly query: Readonly<Record<string, string>>
  /** All headers. `authorization` is redacted. */
  readonly headers: Readonly<Record<string, string | Redacted.Redacted>>
  /** The JSON of the body, or its text; `undefined` for an empty body and for one over 64 kB. */
  readonly body: unknown
}

/** How many requests are kept. */
const maxRequests = 1000

/** The largest body that is kept, in bytes. */
const maxBody = 64 * 1024

/** The last requests. */
export interface RequestLog {
  readonly add: (request: ParsedRequest, operation: Operation | undefined, now: number) => void
  /** The oldest first. */
  readonly all: () => ReadonlyArray<RecordedRequest>
}

/** Makes an empty log. */
export const make = (): RequestLog => {
  const requests: Array<RecordedRequest> = []
  return {
    add: (request, operation, now) => {
      if (requests.length === maxRequests) requests.shift()
      requests.push({
        at: DateTime.unsafeMake(now),
        operation: operation ?? "unknown",
        method: request.method,
        path: request.path,
        query: Object.fromEntries(request.query),
        headers: Headers.redact(Headers.fromInput(request.headers), "authorization"),
        body: content(request.body)
      })
    },
    all: () => requests.slice()
  }
}

const content = (body: Body): unknown => {
  if (body._tag === "Empty" || body._tag === "TooLarge" || body.size > maxBody) return undefined
  return body._tag === "Json" ? body.value : body.text
}
