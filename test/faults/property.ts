import { Effect, FastCheck, Runtime } from "effect"

import { turn } from "./server.js"

/**
 * Holds an effect for any value, shrinking what it fails for. All runs share one runtime: `it.effect.prop` makes a new
 * one for each of them, which is too slow for thousands. Between them the event loop turns, or nothing weakly held would
 * ever be let go.
 */
export const forAll = <T, A, E, R>(
  arbitrary: FastCheck.Arbitrary<T>,
  numRuns: number,
  holds: (value: T) => Effect.Effect<A, E, R>
): Effect.Effect<void, never, R> =>
  Effect.flatMap(Effect.runtime<R>(), (runtime) =>
    Effect.promise(() =>
      FastCheck.assert(
        FastCheck.asyncProperty(arbitrary, (value) =>
          Runtime.runPromise(runtime)(Effect.zipRight(turn, Effect.asVoid(holds(value))))
        ),
        { numRuns }
      )
    )
  )
