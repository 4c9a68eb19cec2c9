/**
 * Reads the text of a response, up to a limit.
 *
 * The plain way is `readPublic` below: `response.text` where the server said a length that fits, and `response.stream`
 * elsewhere. But servers rarely say it (Clerk's edge compresses, or sends chunks), and `response.stream` takes several
 * times as long as the rest of a call: 640 of 750 µs.
 *
 * So where one of the platform's responses holds a body that nothing has read yet, its `text` is replaced by one that reads
 * up to the limit. What `response.text` means stays: all who ask share one read, it can be asked for again, and the
 * wrappers around the response abort the request when it is interrupted.
 *
 * No other file knows a private field of the platform. `test/readBody.test.ts` runs the same cases on both ways, and fails
 * when the platform hides the fields.
 */
import * as HttpClientError from "@effect/platform/HttpClientError"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"

import { isLimited, isTooLong, limitBody, textUpTo } from "./limitBody.js"

export interface Body {
  readonly text: string
  /** Whether the body is longer than the limit, and `text` only its beginning. */
  readonly truncated: boolean
}

type ReadBody = (
  response: HttpClientResponse,
  limit: number
) => Effect.Effect<Body, HttpClientError.ResponseError>

export const readBody: ReadBody = (response, limit) => {
  const owner = ownerOf(response)
  if (isLimited(owner)) {
    owner[limitBody](limit)
    return readText(response, limit)
  }
  const source = sourceOf(owner)
  if (source === undefined) {
    return readPublic(response, limit)
  }
  return source.used
    ? readText(response, limit)
    : Effect.zipRight(
        replaceText(owner, sharedText(owner, source, limit)),
        Effect.suspend(() => readText(response, limit))
      )
}

export const readPublic: ReadBody = (response, limit) =>
  replaced.has(response) || isWithin(response, limit) || !Predicate.hasProperty(response, "stream")
    ? readText(response, limit)
    : readStream(response, limit)

/** Whether the server said a length within the limit. Where the body was decompressed, that is not its length. */
const isWithin = ({ headers }: HttpClientResponse, limit: number): boolean =>
  Number(headers["content-length"]) <= limit && headers["content-encoding"] === undefined

/** The client may have read the whole body before, whatever its length. */
const readText: ReadBody = (response, limit) =>
  Effect.matchEffect(response.text, {
    onSuccess: (text) =>
      text.length * maxBytesPerUnit <= limit
        ? Effect.succeed({ text, truncated: false })
        : Effect.catchAll(limitText(response, [new TextEncoder().encode(text)], limit), truncated),
    onFailure: truncated
  })

/** UTF-8 takes no more bytes for one unit of a JavaScript string. */
const maxBytesPerUnit = 3

const limitText = (
  response: HttpClientResponse,
  chunks: ReadonlyArray<Uint8Array>,
  limit: number
): ReturnType<ReadBody> =>
  Effect.try({
    try: () => ({ text: textUpTo(chunks, limit), truncated: false }),
    catch: (cause) => decodeError(response, cause)
  })

const readStream: ReadBody = (response, limit) =>
  Effect.suspend(() => {
    const chunks: Array<Uint8Array> = []
    let size = 0
    return response.stream.pipe(
      Stream.runForEachWhile((chunk) => {
        chunks.push(chunk)
        size += chunk.length
        return Effect.succeed(size <= limit)
      }),
      // A stream dies where its body has another reader.
      Effect.catchAllDefect((cause) => Effect.fail(decodeError(response, cause))),
      Effect.catchIf(
        (error) => error.reason === "EmptyBody",
        () => Effect.void
      ),
      Effect.zipRight(Effect.suspend(() => limitText(response, chunks, limit))),
      Effect.tap(({ text }) => replaceText(response, Effect.succeed(text))),
      // Where the client has read the body before, it is gone from the stream, but `text` still has it.
      Effect.catchAll((error) => (chunks.length === 0 ? readText(response, limit) : truncated(error)))
    )
  })

const truncated = (error: HttpClientError.ResponseError): ReturnType<ReadBody> =>
  isTooLong(error.cause)
    ? Effect.succeed({ text: error.cause.beginning, truncated: true })
    : Effect.fail(error)

const decodeError = (response: HttpClientResponse, cause: unknown) =>
  new HttpClientError.ResponseError({ request: response.request, response, reason: "Decode", cause })

/** Responses whose text can be read again, although their stream has ended. */
const replaced = new WeakSet<HttpClientResponse>()

/** Lets whoever asks for the text later have what is read here. A response that cannot be changed stays as it is. */
const replaceText = (response: HttpClientResponse, text: HttpClientResponse["text"]) =>
  Effect.sync(() => {
    if (Reflect.defineProperty(response, "text", { value: text, configurable: true })) {
      replaced.add(response)
    }
  })

/** The response that holds the body: `HttpClient.make` puts it as `original` into one that aborts the request. */
const ownerOf = (response: HttpClientResponse): HttpClientResponse =>
  Predicate.hasProperty(response, "original") && isResponse(response.original) ? response.original : response

const isResponse = (u: unknown): u is HttpClientResponse =>
  Predicate.hasProperty(u, "text") && Predicate.hasProperty(u, "request")

interface Source {
  /** Whether the body must be read by way of `text`, because something else has begun to read it, or may. */
  readonly used: boolean
  readonly open: () => Reader
}

interface Reader {
  /** The chunks of the whole body, or of a beginning that is longer than the limit; then the rest is cancelled. */
  readonly read: (limit: number) => Promise<ReadonlyArray<Uint8Array>>
  /** Cancels the body, even in the middle of a read. */
  readonly cancel: () => void
}

/** Whether `fetch` has followed a redirect, which can be seen only here. */
export const wasRedirected = (response: HttpClientResponse): boolean => {
  const owner = ownerOf(response)
  return (
    Predicate.hasProperty(owner, "source") &&
    Predicate.hasProperty(owner.source, "redirected") &&
    owner.source.redirected === true
  )
}

/** The private field is `source`: a web response, a response of undici, or one of `node:http`, which is its own body. */
const sourceOf = (owner: HttpClientResponse): Source | undefined => {
  const source = Predicate.hasProperty(owner, "source") ? owner.source : undefined
  const body = Predicate.hasProperty(source, "body") ? source.body : source
  const isAskedFor = textMemos.some((name) => Reflect.get(owner, name) !== undefined)
  if (isWebStream(body)) {
    return { used: isAskedFor || body.locked || isUsed(source), open: () => readerOfWeb(body) }
  }
  if (isReadable(body)) {
    const isRead = isUsed(body) || body.readableDidRead || body.readableFlowing !== null || body.destroyed
    return { used: isAskedFor || isRead, open: () => readerOfNode(body) }
  }
  // The web's response without a body, such as a 204.
  return body === null ? { used: true, open: () => readerOfWeb(new ReadableStream()) } : undefined
}

/** Where the platform's responses keep their text effect once it has been asked for, which may be long before it runs. */
const textMemos = ["textBody", "textEffect"]

/**
 * One read for all who ask. It is cancelled when the one who began it is interrupted.
 *
 * V8 keeps the closures of `Effect.async`, and what they refer to, until a major collection of garbage. So they refer to the
 * body only until it is read.
 */
const sharedText = (owner: HttpClientResponse, source: Source, limit: number): HttpClientResponse["text"] => {
  const shared: { source: Source | undefined; text: Promise<string> | undefined } = {
    source,
    text: undefined
  }
  return Effect.async((resume) => {
    const reader = shared.source?.open()
    if (reader !== undefined) {
      shared.source = undefined
      shared.text = reader.read(limit).then((chunks) => textUpTo(chunks, limit))
    }
    shared.text?.then(
      (text) => resume(Effect.succeed(text)),
      (cause) => resume(Effect.fail(decodeError(owner, cause)))
    )
    return Effect.sync(() => reader?.cancel())
  })
}

const isUsed = (body: unknown): boolean => Predicate.hasProperty(body, "bodyUsed") && body.bodyUsed === true

const isWebStream = (body: unknown): body is ReadableStream<Uint8Array> =>
  Predicate.hasProperty(body, "getReader")

const readerOfWeb = (body: ReadableStream<Uint8Array>): Reader => {
  const reader = body.getReader()
  let cancelled = false
  const cancel = () => {
    cancelled = true
    reader.cancel().catch(constVoid)
  }
  return {
    cancel,
    read: async (limit) => {
      const chunks: Array<Uint8Array> = []
      for (let size = 0; size <= limit;) {
        const { done, value } = await reader.read()
        if (cancelled) {
          throw new Error("the body was cancelled")
        }
        if (done) {
          return chunks
        }
        chunks.push(value)
        size += value.length
      }
      cancel()
      return chunks
    }
  }
}

/** The part of Node's `Readable` that is used here, where Node's types may not exist. */
interface Readable {
  readonly on: (event: string, listener: (value: never) => void) => unknown
  readonly destroy: () => unknown
  readonly destroyed: boolean
  readonly readableDidRead: boolean
  readonly readableFlowing: boolean | null
}

const isReadable = (body: unknown): body is Readable => Predicate.hasProperty(body, "readableDidRead")

const readerOfNode = (body: Readable): Reader => ({
  cancel: () => void body.destroy(),
  read: (limit) =>
    new Promise((resolve, reject) => {
      const chunks: Array<Uint8Array> = []
      let size = 0
      body.on("data", (chunk: Uint8Array) => {
        chunks.push(chunk)
        size += chunk.length
        if (size > limit) {
          resolve(chunks)
          body.destroy()
        }
      })
      body.on("end", () => resolve(chunks))
      body.on("error", reject)
      body.on("close", () => reject(new Error("the body was closed")))
    })
})
