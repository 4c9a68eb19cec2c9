import * as Effect from "effect/Effect"
import * as Either from "effect/Either"

import { closed, type ConnectionLost } from "./connection.js"

/** The longest request body that is read, in bytes. */
const maxBodySize = 1024 * 1024

/** A request body, once it is read. */
export type Body =
  | { readonly _tag: "Empty" }
  | { readonly _tag: "Json"; readonly value: unknown }
  | { readonly _tag: "NotJson"; readonly text: string }
  | { readonly _tag: "TooLarge" }

/** A request, read to its end and taken apart, without a judgement on any of it. */
export interface Received {
  readonly method: string
  readonly path: string
  /** The path in decoded segments, without the leading `/v1`; nothing where it is not under `/v1` or ill-formed. */
  readonly segments: ReadonlyArray<string> | undefined
  readonly query: URLSearchParams
  readonly headers: Headers
  readonly body: Body
}

/** Reads a request. It fails only where the client goes away in the middle of its own body. */
export const receive = (request: Request): Effect.Effect<Received, ConnectionLost> =>
  Effect.map(readBody(request), (body) => {
    const url = new URL(request.url)
    return {
      method: request.method,
      path: url.pathname,
      segments: segments(url.pathname),
      query: url.searchParams,
      headers: request.headers,
      body
    }
  })

const readBody = (request: Request): Effect.Effect<Body, ConnectionLost> =>
  Effect.tryPromise({
    try: async (): Promise<Body> => {
      if (request.body === null) return { _tag: "Empty" }
      const decoder = new TextDecoder()
      const reader = request.body.getReader()
      let size = 0
      let text = ""
      for (;;) {
        const chunk = await reader.read()
        if (chunk.done) break
        size += chunk.value.byteLength
        // What is over the limit is read and dropped: a server that stops reading would lose the connection.
        if (size <= maxBodySize) text += decoder.decode(chunk.value, { stream: true })
      }
      if (size > maxBodySize) return { _tag: "TooLarge" }
      return text.trim() === "" ? { _tag: "Empty" } : parse(text + decoder.decode())
    },
    catch: () => closed
  })

const parse = (text: string): Body =>
  Either.getOrElse(
    Either.try((): Body => ({ _tag: "Json", value: JSON.parse(text) })),
    () => ({ _tag: "NotJson", text })
  )

const segments = (path: string): ReadonlyArray<string> | undefined =>
  path.startsWith("/v1/")
    ? Either.getOrUndefined(Either.try(() => path.slice("/v1/".length).split("/").map(decodeURIComponent)))
    : undefined
