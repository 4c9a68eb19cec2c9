/** The size of property tests, and how to run them as effects. */
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Runtime from "effect/Runtime"
import { inject } from "vitest"

import { turn } from "./faultServer.js"

/** The cases of a property: few in `npm test`, many in `npm run test:all`. Each property multiplies this constant. */
export const cases: number = inject("cases")

declare module "vitest" {
  interface ProvidedContext {
    readonly cases: number
  }
}

/**
 * Checks that an effect succeeds for every value, and shrinks a value that it fails for.
 *
 * All cases share one runtime: `it.effect.prop` makes one for each. The event loop turns between them, or garbage with
 * finalizers would pile up.
 */
export const forAll = <T, A, E, R>(
  arbitrary: FastCheck.Arbitrary<T>,
  numRuns: number,
  check: (value: T) => Effect.Effect<A, E, R>
): Effect.Effect<void, never, R> =>
  Effect.flatMap(Effect.runtime<R>(), (runtime) =>
    Effect.promise(() =>
      FastCheck.assert(
        FastCheck.asyncProperty(arbitrary, (value) =>
          Runtime.runPromise(runtime)(Effect.zipRight(turn, Effect.asVoid(check(value))))
        ),
        { numRuns }
      )
    )
  )
