/** From the text of an answer to a value, and from arguments to what is sent. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"

import * as Mismatch from "./mismatch.js"
import type { Shortcut } from "./shortcut.js"

/** Turns the text of a body into a value, or says what is wrong with it. */
export type Decoder<A> = (text: string) => Either.Either<A, string>

/** A decoder of JSON, with a shortcut past the schema if there is one; an empty body counts as `null`. */
export const decoder = <A, I>(schema: Schema.Schema<A, I>, shortcut?: Shortcut<A>): Decoder<A> => {
  const decode = Schema.decodeUnknownEither(schema)
  return (text) =>
    Either.flatMap(parseJson(text), (json) => {
      const value = shortcut?.(json)
      return value === undefined
        ? Either.mapLeft(decode(json), (error) => Mismatch.describe(Mismatch.deepest(error)))
        : Either.right(value)
    })
}

export const parseJson = (text: string): Either.Either<unknown, string> =>
  Either.try({
    try: (): unknown => (text === "" ? null : JSON.parse(text)),
    // The parser's own message quotes the text.
    catch: () => "the body is not JSON"
  })

/** Turns arguments into what is sent for them, or says which one is wrong, by its name alone. */
export const encoder = <A, I>(schema: Schema.Schema<A, I>): ((input: A) => Either.Either<I, string>) => {
  const encode = Schema.encodeUnknownEither(schema)
  return (input) =>
    Either.mapLeft(encode(input), (error) => {
      const { expected, path } = Mismatch.deepest(error)
      return path.length === 0
        ? "expected an object"
        : Mismatch.describe({ path: path.slice(0, 1), expected })
    })
}
