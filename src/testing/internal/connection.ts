import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"

import type { ParsedRequest } from "./request.js"

/** The connection broke before the whole response arrived; `cause` is the error that a transport would report. */
export class ConnectionLost extends Data.TaggedError("ConnectionLost")<{ readonly cause: Error }> {}

/** The server closed the connection, as Node's fetch reports it. */
export const connectionReset = new ConnectionLost({
  cause: new TypeError("fetch failed", {
    cause: Object.assign(new Error("other side closed"), { code: "ECONNRESET" })
  })
})

/** Responds to a request that is read and parsed. */
export type Handler = (request: ParsedRequest) => Effect.Effect<Response, ConnectionLost>
