import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"

/** The connection is gone before the whole answer has arrived. */
export class ConnectionLost extends Data.TaggedError("ConnectionLost") {}

/** What stands behind a connection: a Clerk, a mock, or a handler of the user's own. */
export type Handler<R = never> = (request: Request) => Effect.Effect<Response, ConnectionLost, R>
