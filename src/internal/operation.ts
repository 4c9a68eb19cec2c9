/** An operation, and a call of it that is running. */
import type { HttpClient } from "@effect/platform/HttpClient"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import type * as Option from "effect/Option"

import type { Settings } from "../ClerkConfig.js"
import type { Limiter } from "./limiter.js"
import type { Parts, Request } from "./request/build.js"
import type { Decoder } from "./response/decode.js"
import type { ErrorResponse } from "./response/errorResponse.js"
import type { Progress } from "./telemetry.js"

/** An operation as data. */
export interface Operation<A, E> extends Parts {
  readonly decodeResponse: Decoder<A>
  readonly errorResponse: (response: ErrorResponse) => E
}

/** What the attempts of one call share. */
export interface Call<A, E> {
  readonly operation: Operation<A, E>
  readonly settings: Settings
  readonly client: HttpClient
  readonly limiter: Option.Option<Limiter>
  readonly request: Request
  readonly clock: Clock.Clock
  /** Epoch milliseconds of the deadline. */
  readonly endsAt: number
  readonly progress: Progress
}

/** The time until the deadline, which is zero once it has passed. */
export const timeLeft = ({
  clock,
  endsAt
}: Pick<Call<unknown, unknown>, "clock" | "endsAt">): Duration.Duration =>
  Duration.millis(endsAt - clock.unsafeCurrentTimeMillis())
