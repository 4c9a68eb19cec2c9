/** An operation, and a call of it that is running. */
import type { HttpClient } from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

import type { Settings } from "../ClerkConfig.js"
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
  readonly request: Request
  /** Epoch milliseconds of the deadline. */
  readonly endsAt: number
  readonly progress: Progress
}

/** The time until the deadline, which is zero once it has passed. */
export const timeLeft = ({ endsAt }: { readonly endsAt: number }): Effect.Effect<Duration.Duration> =>
  Effect.map(Clock.currentTimeMillis, (now) => Duration.millis(endsAt - now))
