import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/**
 * The time by Effect's clock, in whole milliseconds since the epoch: a test clock can stand between two of them, where
 * a jittered delay has left it, and timestamps on the wire are integers.
 */
export const currentTime: Effect.Effect<number> = Effect.map(Clock.currentTimeMillis, Math.floor)
