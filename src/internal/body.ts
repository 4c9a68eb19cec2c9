/** Reads the body of an answer, but never more of it than allowed. */
import type * as Headers from "@effect/platform/Headers"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

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
  const length = headers["content-length"] ?? ""
  // Compressed, it could grow beyond the length it announces.
  return /^\d+$/.test(length) && Number(length) <= limit && headers["content-encoding"] === undefined
    ? Effect.map(response.text, (text) => ({ text, cut: false }))
    : readStream(response, limit)
}

const readStream = (response: HttpClientResponse.HttpClientResponse, limit: number) =>
  Effect.suspend(() => {
    const decoder = new TextDecoder()
    let text = ""
    let size = 0
    return response.stream.pipe(
      Stream.runForEachWhile((chunk) =>
        Effect.sync(() => {
          text += decoder.decode(size + chunk.length > limit ? chunk.subarray(0, limit - size) : chunk, {
            stream: true
          })
          size += chunk.length
          return size <= limit
        })
      ),
      Effect.catchIf(
        (error) => error.reason === "EmptyBody",
        () => Effect.void
      ),
      Effect.map(() => (size > limit ? { text, cut: true } : { text: text + decoder.decode(), cut: false }))
    )
  })
