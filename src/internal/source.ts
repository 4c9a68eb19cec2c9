/**
 * The body that the platform's responses over `fetch` and undici are made of.
 *
 * It is private to them, and so this is only a way past the public ones where it is there: `stream` takes several times
 * as long as all the rest of a call, `text` as long as half of it, and that would read whatever comes.
 */
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { constVoid } from "effect/Function"
import * as Predicate from "effect/Predicate"

export interface Source {
  /** Whether somebody has begun to read it before. */
  readonly used: boolean
  readonly open: () => Reader
}

export interface Reader {
  readonly next: () => Promise<{ readonly done?: boolean | undefined; readonly value?: unknown }>
  /** Breaks off, even where `next` is still waiting. */
  readonly close: () => void
}

export const of = (response: HttpClientResponse.HttpClientResponse): Source | undefined => {
  const source: unknown = Reflect.get(response, "source")
  const body = Predicate.hasProperty(source, "body") ? source.body : undefined
  if (isWebStream(body)) {
    return { used: body.locked || isUsed(source), open: () => readerOfWeb(body) }
  }
  return isReadable(body) ? { used: isUsed(body), open: () => readerOfNode(body) } : undefined
}

const isWebStream = (body: unknown): body is ReadableStream =>
  Predicate.hasProperty(body, "getReader") && Predicate.isFunction(body.getReader)

const readerOfWeb = (body: ReadableStream): Reader => {
  const reader = body.getReader()
  return { next: () => reader.read(), close: () => void reader.cancel().catch(constVoid) }
}

/** As far as a `Readable` of Node has to be known here, where Node may not be. */
interface Readable extends AsyncIterable<unknown> {
  readonly destroy: () => unknown
}

const isReadable = (body: unknown): body is Readable =>
  Predicate.hasProperty(body, Symbol.asyncIterator) &&
  Predicate.hasProperty(body, "destroy") &&
  Predicate.isFunction(body.destroy)

const readerOfNode = (body: Readable): Reader => {
  const iterator = body[Symbol.asyncIterator]()
  return { next: () => iterator.next(), close: () => void body.destroy() }
}

const isUsed = (body: unknown): boolean => Predicate.hasProperty(body, "bodyUsed") && body.bodyUsed === true
