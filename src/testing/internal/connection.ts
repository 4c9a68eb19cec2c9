import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"

/** The connection is gone before the whole answer has arrived; `cause` is what a transport would say of it. */
export class ConnectionLost extends Data.TaggedError("ConnectionLost")<{ readonly cause: Error }> {}

/** The other side has gone away, in the words of Node's fetch. */
export const closed = new ConnectionLost({
  cause: new TypeError("fetch failed", {
    cause: Object.assign(new Error("other side closed"), { code: "ECONNRESET" })
  })
})

/** What stands behind a connection: a Clerk, a mock, or a handler of the user's own. */
export type Handler = (request: Request) => Effect.Effect<Response, ConnectionLost>
