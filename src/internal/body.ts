/** Reads the body of an answer, but never more of it than allowed. */
import type * as Headers from "@effect/platform/Headers"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"

import * as Limited from "./limited.js"

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
  const source = sourceOf(response)
  if (source !== undefined) {
    return Effect.async((resume) => {
      readSource(source, limit).then(
        (body) => resume(Effect.succeed(body)),
        (cause: unknown) =>
          resume(
            new HttpClientError.ResponseError({
              request: response.request,
              response,
              reason: "Decode",
              cause
            })
          )
      )
      return Effect.sync(source.close)
    })
  }
  const length = headers["content-length"] ?? ""
  // Compressed, it could grow beyond the length it announces.
  return /^\d+$/.test(length) && Number(length) <= limit && headers["content-encoding"] === undefined
    ? Effect.map(response.text, (text) => ({ text, cut: false }))
    : readStream(response, limit)
}

interface Source {
  readonly next: () => Promise<{ readonly done?: boolean | undefined; readonly value?: unknown }>
  /** Breaks off, even where `next` is still waiting. */
  readonly close: () => void
}

/**
 * The body that the platform's responses over `fetch` and undici are made of, unless somebody has begun to read it.
 *
 * It is private to them, and so this is only a way past the public ones: `stream` takes several times as long as all the
 * rest of a call, `text` as long as half of it, and that would read whatever comes.
 */
const sourceOf = (response: HttpClientResponse.HttpClientResponse): Source | undefined => {
  const source: unknown = Reflect.get(response, "source")
  const body = Predicate.hasProperty(source, "body") ? source.body : undefined
  if (body instanceof ReadableStream && !body.locked && !isUsed(source)) {
    const reader = body.getReader()
    return { next: () => reader.read(), close: () => void reader.cancel().catch(constVoid) }
  }
  if (isReadable(body) && !isUsed(body)) {
    const iterator = body[Symbol.asyncIterator]()
    return { next: () => iterator.next(), close: () => void body.destroy() }
  }
  return undefined
}

/** As far as a `Readable` of Node has to be known here, where Node may not be. */
interface Readable extends AsyncIterable<unknown> {
  readonly destroy: () => unknown
}

const isReadable = (body: unknown): body is Readable =>
  Predicate.hasProperty(body, Symbol.asyncIterator) &&
  Predicate.hasProperty(body, "destroy") &&
  Predicate.isFunction(body.destroy)

const isUsed = (body: unknown): boolean => Predicate.hasProperty(body, "bodyUsed") && body.bodyUsed === true

const readSource = async ({ close, next }: Source, limit: number): Promise<Body> => {
  const chunks: Array<Uint8Array> = []
  for (let size = 0; size <= limit;) {
    const { done, value } = await next()
    if (done === true) {
      return decoded(chunks, limit)
    }
    if (!Predicate.isUint8Array(value)) {
      throw new TypeError("The body is not made of bytes")
    }
    chunks.push(value)
    size += value.length
  }
  close()
  return decoded(chunks, limit)
}

const readStream = (response: HttpClientResponse.HttpClientResponse, limit: number) => {
  let size = 0
  return response.stream.pipe(
    Stream.takeUntil((chunk) => (size += chunk.length) > limit),
    Stream.runCollect,
    Effect.catchIf(
      (error) => error.reason === "EmptyBody",
      () => Effect.succeed(Chunk.empty<Uint8Array>())
    ),
    Effect.map((chunks) => decoded(Chunk.toReadonlyArray(chunks), limit))
  )
}

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
