/** From the arguments of an operation to their form on the wire. */
import * as Either from "effect/Either"
import type { LazyArg } from "effect/Function"
import * as Schema from "effect/Schema"

import * as ParseIssue from "../response/parseIssue.js"

/** Arguments in their form on the wire, or the name of the one that is wrong. Evaluated within the call. */
export type Encoded<A> = LazyArg<Either.Either<A, string>>

/** Makes a function that encodes arguments. To read them may throw: they may have getters. */
export const encoder = <A, I>(schema: Schema.Schema<A, I>): ((input: A) => Encoded<I>) => {
  const encode = Schema.encodeUnknownEither(schema)
  return (input) => () =>
    Either.flatMap(
      Either.try({ try: () => encode(input), catch: () => "the arguments cannot be read" }),
      Either.mapLeft((error) => {
        const { expected, path } = ParseIssue.deepest(error)
        return path.length === 0
          ? "expected an object"
          : ParseIssue.describe({ path: path.slice(0, 1), expected })
      })
    )
}

/** Refuses what the predicate does not accept, in the words of `detail`. */
export const refine =
  <A>(encoded: Encoded<A>, accepts: LazyArg<boolean>, detail: string): Encoded<A> =>
  () =>
    Either.filterOrLeft(encoded(), accepts, () => detail)

/** Changes what was encoded. */
export const map =
  <A, B>(encoded: Encoded<A>, f: (value: A) => B): Encoded<B> =>
  () =>
    Either.map(encoded(), f)
