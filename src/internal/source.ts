/**
 * The body that the platform's responses over `fetch` and undici are made of.
 *
 * It is private to them, and so this is only a way past the public ones where it is there: `stream` takes several times
 * as long as all the rest of a call, and `text` as long as half of it, and whatever comes.
 */
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { constVoid } from "effect/Function"
import * as Predicate from "effect/Predicate"

export interface Source {
  /** Whether somebody has begun to read it before. */
  readonly used: boolean
  readonly open: () => Reader
}

/** Refers to the body only while it reads, see `Attempt.within`. */
export interface Reader {
  /** The chunks of all of it, or of a beginning that is longer than so many bytes; then the rest is given up. */
  readonly read: (limit: number) => Promise<ReadonlyArray<Uint8Array>>
  /** Breaks off, even in the middle of a read. */
  readonly close: () => void
}

export const of = (response: HttpClientResponse.HttpClientResponse): Source | undefined => {
  const source: unknown = Reflect.get(response, "source")
  const body = Predicate.hasProperty(source, "body") ? source.body : undefined
  if (isWebStream(body)) {
    return { used: body.locked || isUsed(source), open: () => readerOfWeb(body.getReader()) }
  }
  if (isReadable(body)) {
    // One that has ended says nothing any more.
    const used = isUsed(body) || body.readableEnded || body.destroyed
    return { used, open: () => readerOfNode(body) }
  }
  return undefined
}

const isUsed = (body: unknown): boolean => Predicate.hasProperty(body, "bodyUsed") && body.bodyUsed === true

const isWebStream = (body: unknown): body is ReadableStream<Uint8Array> =>
  Predicate.hasProperty(body, "getReader")

const readerOfWeb = (reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Reader => {
  const close = () => {
    reader?.cancel().catch(constVoid)
    reader = undefined
  }
  return {
    close,
    read: async (limit) => {
      const chunks: Array<Uint8Array> = []
      for (let size = 0; reader !== undefined && size <= limit;) {
        const { done, value } = await reader.read()
        if (done) {
          reader = undefined
        } else {
          chunks.push(value)
          size += value.length
        }
      }
      close()
      return chunks
    }
  }
}

/** As far as a `Readable` of Node has to be known here, where Node may not be. */
interface Readable {
  readonly on: (event: string, listener: (value: never) => void) => unknown
  readonly destroy: () => unknown
  readonly destroyed: boolean
  readonly readableEnded: boolean
}

const isReadable = (body: unknown): body is Readable => Predicate.hasProperty(body, "readableEnded")

const readerOfNode = (body: Readable | undefined): Reader => {
  const close = () => {
    body?.destroy()
    body = undefined
  }
  return {
    close,
    read: (limit) =>
      new Promise((resolve, reject) => {
        const chunks: Array<Uint8Array> = []
        let size = 0
        body?.on("data", (chunk: Uint8Array) => {
          chunks.push(chunk)
          size += chunk.length
          if (size > limit) {
            resolve(chunks)
            close()
          }
        })
        body?.on("end", () => {
          resolve(chunks)
          body = undefined
        })
        body?.on("error", reject)
        body?.on("close", () => {
          if (body !== undefined) {
            reject(new Error("closed"))
          }
        })
      })
  }
}
