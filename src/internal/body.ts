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
): Effect.Effect<Body, HttpClientError.ResponseError> =>
  Effect.flatMap(chunksOf(response, limit), (chunks) =>
    Either.try({
      try: () => {
        const size = chunks.reduce((size, chunk) => size + chunk.length, 0)
        return { text: utf8.decode(joined(chunks, Math.min(size, limit))), cut: size > limit }
      },
      // Somebody's stream was not made of bytes.
      catch: (cause) => unreadable(response, cause)
    })
  )

/** All of the body, or a beginning that is longer than the limit. */
const chunksOf = (
  response: HttpClientResponse.HttpClientResponse,
  limit: number
): Effect.Effect<ReadonlyArray<Uint8Array>, HttpClientError.ResponseError> => {
  if (Limited.isLimited(response)) {
    return response[Limited.upTo](limit)
  }
  const source = Source.of(response)
  if (source === undefined) {
    return readStream(response, limit)
  }
  return source.used
    ? // What the caller's client has read is in memory, and nowhere else.
      Effect.map(response.text, (text) => [new TextEncoder().encode(text)])
    : Effect.mapError(readSource(source.open(), limit), (cause) => unreadable(response, cause))
}

const unreadable = (response: HttpClientResponse.HttpClientResponse, cause: unknown) =>
  new HttpClientError.ResponseError({ request: response.request, response, reason: "Decode", cause })

const readSource = (reader: Source.Reader, limit: number) =>
  Effect.async<ReadonlyArray<Uint8Array>, unknown>((resume) => {
    reader.read(limit).then(
      (chunks) => resume(Effect.succeed(chunks)),
      (cause) => resume(Effect.fail(cause))
    )
    return Effect.sync(() => reader.close())
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
        if (failure._tag === "Right") {
          // A stream dies that somebody reads already.
          return Effect.fail(unreadable(response, failure.right))
        }
        return failure.left.reason === "EmptyBody" ? Effect.void : Effect.fail(failure.left)
      }),
      Effect.as(chunks)
    )
  })

const utf8 = new TextDecoder()

/** In one piece: what is decoded chunk by chunk takes several times as long, and so does the JSON in it. */
const joined = (chunks: ReadonlyArray<Uint8Array>, size: number): Uint8Array | undefined => {
  if (chunks.length <= 1) {
    return chunks[0]?.subarray(0, size)
  }
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk.subarray(0, size - at), at)
    at += chunk.length
  }
  return whole
}
