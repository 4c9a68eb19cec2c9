import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"

import { type ConnectionLost, connectionReset } from "./connection.js"

/** Maximum bytes read of a request body. */
const maxBodySize = 1024 * 1024

/** A request body, once it is read. */
export type Body =
  | { readonly _tag: "Empty" }
  | { readonly _tag: "Json"; readonly value: unknown; readonly size: number }
  | { readonly _tag: "NotJson"; readonly text: string; readonly size: number }
  | { readonly _tag: "TooLarge" }

/** A request whose body is read. Nothing in it is validated. */
export interface ParsedRequest {
  readonly method: string
  /** The path as it was sent, without the query. */
  readonly path: string
  /** The decoded segments of the path; undefined for an ill-formed path. */
  readonly segments: ReadonlyArray<string> | undefined
  readonly query: URLSearchParams
  readonly headers: Headers
  readonly body: Body
}

/**
 * Parses the head of a request from its raw target. A target such as `//evil/v1/sessions` is a path: parsing it as a
 * URL would make `evil` its host.
 */
export const make = (options: {
  readonly method: string
  readonly target: string
  readonly headers: Headers
  readonly body: Body
}): ParsedRequest => {
  const [, path = "", query = ""] =
    /^(?:https?:\/\/[^/?#]*)?([^?#]*)(?:\?([^#]*))?/i.exec(options.target) ?? []
  return {
    method: options.method,
    path: path === "" ? "/" : path,
    segments: parseSegments(path),
    query: new URLSearchParams(query),
    headers: options.headers,
    body: options.body
  }
}

const parseSegments = (path: string): ReadonlyArray<string> | undefined =>
  path.startsWith("/")
    ? Either.getOrUndefined(Either.try(() => path.slice(1).split("/").map(decodeURIComponent)))
    : undefined

/** Collects the chunks of a body. Chunks over the limit are read and dropped, so that the connection stays usable. */
export const bodyCollector = () => {
  const decoder = new TextDecoder()
  let size = 0
  let text = ""
  return {
    add: (chunk: Uint8Array): void => {
      size += chunk.byteLength
      if (size <= maxBodySize) text += decoder.decode(chunk, { stream: true })
    },
    end: (): Body => {
      if (size > maxBodySize) return { _tag: "TooLarge" }
      text += decoder.decode()
      return text.trim() === "" ? { _tag: "Empty" } : parseBody(text, size)
    }
  }
}

const parseBody = (text: string, size: number): Body =>
  Either.getOrElse(
    Either.try((): Body => ({ _tag: "Json", value: JSON.parse(text), size })),
    () => ({ _tag: "NotJson", text, size })
  )

/** Reads a web request. Fails if the client disconnects before the end of its body. */
export const fromWeb = (request: Request): Effect.Effect<ParsedRequest, ConnectionLost> =>
  Effect.tryPromise({
    try: async () => {
      const body = bodyCollector()
      const reader = request.body?.getReader()
      for (let chunk = await reader?.read(); chunk?.value !== undefined; chunk = await reader?.read()) {
        body.add(chunk.value)
      }
      return make({
        method: request.method,
        target: request.url,
        headers: request.headers,
        body: body.end()
      })
    },
    catch: () => connectionReset
  })

/** Reads a request of the platform's server. Fails if the client disconnects before the end of its body. */
export const fromServer = (
  request: HttpServerRequest.HttpServerRequest
): Effect.Effect<ParsedRequest, ConnectionLost> =>
  Effect.suspend(() => {
    const body = bodyCollector()
    // The stream of a web request without a body fails.
    const stream =
      request.source instanceof Request && request.source.body === null ? Stream.empty : request.stream
    return Stream.runForEach(stream, (chunk) => Effect.sync(() => body.add(chunk))).pipe(
      Effect.mapBoth({
        onFailure: () => connectionReset,
        onSuccess: () =>
          make({
            method: request.method,
            target: request.originalUrl,
            headers: new Headers(request.headers),
            body: body.end()
          })
      })
    )
  })
