/** Waits for a turn of the program's rate limiter, if it has one. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

import type { ClerkError, RateLimited } from "../ClerkError.js"
import { ClerkRateLimiter } from "./limiter.js"
import { type Call, timeLeft } from "./operation.js"
import { isLimited } from "./operations.js"

/** Takes a turn before the attempt, whose time limit begins after it. */
export const withTurn = <A, E, B, E2 extends ClerkError>(
  call: Call<A, E>,
  attempt: Effect.Effect<B, E2>
): Effect.Effect<B, E2 | RateLimited> =>
  Effect.flatMap(Effect.serviceOption(ClerkRateLimiter), (service) => {
    const { operation, request, settings } = call
    if (Option.isNone(service) || !isLimited(operation.name)) {
      return attempt
    }
    const limiter = service.value
    const turn = Effect.flatMap(timeLeft(call), (left) => limiter.takeTurn(request.context, settings, left))
    return Effect.zipRight(
      turn,
      Effect.tapError(attempt, (error) =>
        error._tag === "RateLimited" && Option.isSome(error.retryAfter)
          ? limiter.holdBack(settings, error.retryAfter.value)
          : Effect.void
      )
    )
  })
