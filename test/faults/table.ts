/**
 * How each operation ends for each fault.
 *
 * A row has a name, the handler that responds, how a repeatable operation ends and after how many requests, and the same
 * for `create` and `refresh`. Each row runs with every operation of its section, with three attempts at most.
 */
import type { Handler } from "../support/faultServer.js"
import type { Kind } from "../support/wire.js"

export type Tag =
  | "value"
  | "ClerkErrors"
  | "Unauthorized"
  | "NotFound"
  | "RateLimited"
  | "ApiError"
  | "Timeout"
  | "TransportError"
  | "DecodeError"

/** How an operation ends, and after how many requests. */
export type Outcome = `${Tag} x${number}`

interface Exceptions {
  /** Over every transport but `fetch`, which alone decompresses. */
  readonly undecoded?: readonly [repeatable: Outcome, unrepeatable: Outcome]
  /** Over node:http, which accepts a 100 that it did not ask for. */
  readonly nodeHttp?: Outcome
  /** For operations that document no 404. */
  readonly without404?: Outcome
  /** A successful call comes first, so that the row gets a connection of the pool. */
  readonly warm?: true
}

export type Row = readonly [
  name: string,
  handler: Handler | "no server",
  repeatable: Outcome,
  unrepeatable: Outcome,
  exceptions?: Exceptions
]

export interface Section {
  readonly about: string
  /** The timeout of an attempt; by default one that only a test that hangs reaches. */
  readonly timeout?: "200 millis" | "5 seconds"
  /** The operations, by the kind of their success; all by default. */
  readonly kinds?: ReadonlyArray<Kind>
  /** A value must be the one of a server without faults. */
  readonly sameValue?: true
  readonly rows: ReadonlyArray<Row>
}
