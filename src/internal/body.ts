/** Reads the body of an answer, but never more of it than allowed. */
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"

import * as Limited from "./limited.js"
import * as Source from "./source.js"

export interface Body {
  readonly text: string
  /** Whether the body went on beyond the limit. */
  readonly cut: boolean
}

export const read = (
  response: HttpClientResponse.HttpClientResponse,
  limit: number
): Effect.Effect<Body, HttpClientError.ResponseError> => {
  if (Limited.isLimited(response)) {
    return Effect.map(response[Limited.upTo](limit), (chunks) => decoded(chunks, limit))
  }
  const source = Source.of(response)
  if (source !== undefined) {
    // What the caller's client has read is in memory, and nowhere else.
    return source.used
      ? Effect.map(response.text, (text) => ({ text: text.slice(0, limit), cut: text.length > limit }))
      : readSource(source.open(), limit, (cause) => unreadable(response, cause))
  }
  return readStream(response, limit)
}

const unreadable = (response: HttpClientResponse.HttpClientResponse, cause: unknown) =>
  new HttpClientError.ResponseError({ request: response.request, response, reason: "Decode", cause })

const readSource = <E>(
  { close, read }: Source.Reader,
  limit: number,
  onError: (cause: unknown) => E
): Effect.Effect<Body, E> =>
  Effect.async((resume) => {
    read(limit)
      .then((chunks) => resume(Effect.succeed(decoded(chunks, limit))))
      // Of the decoder as well, where somebody's stream was not made of bytes.
      .catch((cause: unknown) => resume(Effect.fail(onError(cause))))
    return Effect.sync(close)
  })

const readStream = (response: HttpClientResponse.HttpClientResponse, limit: number) =>
  Effect.suspend(() => {
    const chunks: Array<Uint8Array> = []
    let size = 0
    return response.stream.pipe(
      Stream.runForEachWhile((chunk) => {
        chunks.push(chunk)
        size += chunk.length
        return Effect.succeed(size <= limit)
      }),
      Effect.catchAllCause((cause) => {
        const failure = Cause.failureOrCause(cause)
        if (Either.isRight(failure)) {
          // A stream dies that somebody reads already.
          return Effect.fail(unreadable(response, failure.right))
        }
        return failure.left.reason === "EmptyBody" ? Effect.void : Effect.fail(failure.left)
      }),
      Effect.map(() => decoded(chunks, limit))
    )
  })

const utf8 = new TextDecoder()

/** All at once: what is decoded piece by piece takes several times as long, and so does the JSON in it. */
const decoded = (chunks: ReadonlyArray<Uint8Array>, limit: number): Body => {
  const size = chunks.reduce((size, chunk) => size + chunk.length, 0)
  return { text: utf8.decode(joined(chunks, size)), cut: size > limit }
}

const joined = (chunks: ReadonlyArray<Uint8Array>, size: number): Uint8Array | undefined => {
  if (chunks.length <= 1) {
    return chunks[0]
  }
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
