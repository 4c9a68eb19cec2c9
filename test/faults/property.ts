import { Effect, FastCheck, Runtime } from "effect"

/**
 * Holds an effect for any value, shrinking what it fails for. All runs share one runtime: `it.effect.prop` makes a new
 * one for each of them, which is too slow for thousands.
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
          Runtime.runPromise(runtime)(Effect.asVoid(holds(value)))
        ),
        { numRuns }
      )
    )
  )
