/** Reads the body of an answer, but never more of it than allowed. */
import type * as Headers from "@effect/platform/Headers"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
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
  headers: Headers.Headers,
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
  const length = headers["content-length"] ?? ""
  // Compressed, it could grow beyond the length it announces.
  return /^\d+$/.test(length) && Number(length) <= limit && headers["content-encoding"] === undefined
    ? Effect.map(response.text, (text) => ({ text, cut: false }))
    : readStream(response, limit)
}

const unreadable = (response: HttpClientResponse.HttpClientResponse, cause: unknown) =>
  new HttpClientError.ResponseError({ request: response.request, response, reason: "Decode", cause })

const readSource = <E>(
  { close, read }: Source.Reader,
  limit: number,
  onError: (cause: unknown) => E
): Effect.Effect<Body, E> =>
  Effect.async((resume) => {
    read(limit).then(
      (chunks) => resume(Effect.succeed(decoded(chunks, limit))),
      (cause: unknown) => resume(Effect.fail(onError(cause)))
    )
    return Effect.sync(close)
  })

const readStream = (response: HttpClientResponse.HttpClientResponse, limit: number) =>
  Effect.suspend(() => {
    let size = 0
    return response.stream.pipe(
      Stream.takeUntil((chunk) => (size += chunk.length) > limit),
      Stream.runCollect,
      Effect.catchIf(
        (error) => error.reason === "EmptyBody",
        () => Effect.succeed(Chunk.empty<Uint8Array>())
      ),
      // A stream that somebody reads already.
      Effect.catchAllDefect((cause) => Effect.fail(unreadable(response, cause))),
      Effect.map((chunks) => decoded(Chunk.toReadonlyArray(chunks), limit))
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
