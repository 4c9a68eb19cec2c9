/** The symbol by which a response can be told how much of its body to read. The transport over undici has it. */
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Predicate from "effect/Predicate"

/** In the registry, because two copies of the package may meet in one process. */
export const limitBody = Symbol.for("effect-clerk/limitBody")

export interface LimitedResponse extends HttpClientResponse {
  /** Makes `text` fail with `TooLong` where the body is longer; nothing may have read it before. */
  readonly [limitBody]: (limit: number) => void
}

export const isLimited = (response: HttpClientResponse): response is LimitedResponse => limitBody in response

/** The body is longer than the limit. */
export class TooLong extends Error {
  /** The text up to the limit. */
  readonly beginning: string
  constructor(beginning: string) {
    super("the body is longer than allowed")
    this.name = "TooLong"
    this.beginning = beginning
  }
}

export const isTooLong = (u: unknown): u is TooLong =>
  Predicate.hasProperty(u, "name") && u.name === "TooLong" && Predicate.hasProperty(u, "beginning")

const utf8 = new TextDecoder()

/** Returns the text of a whole body, or throws. Joined first: to decode and parse by chunk takes several times as long. */
export const textUpTo = (chunks: ReadonlyArray<Uint8Array>, limit: number): string => {
  const length = lengthOf(chunks)
  const size = Math.min(length, limit)
  const text = utf8.decode(chunks.length === 1 ? chunks[0]?.subarray(0, size) : join(chunks, size))
  if (length > limit) {
    throw new TooLong(text)
  }
  return text
}

export const join = (chunks: ReadonlyArray<Uint8Array>, size = lengthOf(chunks)): Uint8Array<ArrayBuffer> => {
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    const part = chunk.subarray(0, size - at)
    whole.set(part, at)
    at += part.length
  }
  return whole
}

const lengthOf = (chunks: ReadonlyArray<Uint8Array>) =>
  chunks.reduce((length, chunk) => length + chunk.length, 0)
