/** From the text of a response to a value. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"

import type { FastDecoder } from "../fast/decodeSession.js"
import * as ParseIssue from "./parseIssue.js"

/** Returns the value of a body, or says what is wrong with it. */
export type Decoder<A> = (text: string) => Either.Either<A, string>

/** Makes a decoder of JSON; an empty body counts as `null`. The schema decides where the fast decoder does not. */
export const decoder = <A, I>(schema: Schema.Schema<A, I>, fast?: FastDecoder<A>): Decoder<A> => {
  const decode = Schema.decodeUnknownEither(schema)
  return (text) =>
    Either.flatMap(parseJson(text), (json) => {
      const value = fast?.(json)
      return value === undefined
        ? Either.mapLeft(decode(json), (error) => ParseIssue.describe(ParseIssue.deepest(error)))
        : Either.right(value)
    })
}

export const parseJson = (text: string): Either.Either<unknown, string> =>
  Either.try({
    try: (): unknown => (text === "" ? null : JSON.parse(text)),
    // The parser's own message quotes the text.
    catch: () => "the body is not JSON"
  })
