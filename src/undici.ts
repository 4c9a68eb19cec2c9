/**
 * An `HttpClient` over undici, for Node servers that call Clerk often. It needs the optional peer dependency `undici`.
 *
 * @module
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Undici from "undici"

import { CurrentAbort } from "./internal/abort.js"
import { Exchange } from "./internal/undici/exchange.js"
import { UndiciResponse } from "./internal/undici/response.js"

/**
 * The options of the connections: those of undici's `Agent`.
 *
 * **Details**
 *
 * The most useful ones are `connections` (the maximum number of sockets to one origin), `keepAliveTimeout`
 * (milliseconds), `pipelining` (requests in flight on one socket) and `connect` (TLS).
 *
 * Two defaults differ from undici's: an idle connection is kept for 30 seconds unless the server asks for less, and
 * undici's own timeouts are off, because every attempt has one.
 *
 * @see https://undici.nodejs.org/#/docs/api/Agent
 * @since 0.1.0
 * @category models
 */
export type Options = Undici.Agent.Options

/**
 * Creates an `HttpClient` over a dispatcher, such as an `Agent`, a `ProxyAgent` or a `MockAgent`.
 *
 * **Details**
 *
 * The dispatcher stays open: close it yourself. Every method and every kind of body is accepted. Redirects are not
 * followed, and bodies are not decompressed: requests ask for `accept-encoding: identity`, unless they say otherwise.
 *
 * A request without a response fails with `RequestError` (`Transport`), a body that breaks off with `ResponseError`
 * (`Decode`). Interruption aborts the request; with `HttpClient.withScope`, the end of the scope does.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (dispatcher: Undici.Dispatcher): HttpClient.HttpClient =>
  HttpClient.make((request, url, signal, fiber) =>
    Effect.suspend(() => {
      const exchange = dispatch(dispatcher, request, url)
      const abort = Context.getOption(fiber.currentContext, CurrentAbort)
      if (Option.isSome(abort)) abort.value.add(exchange)
      // The platform aborts on interruption, when the scope of `HttpClient.withScope` closes, and when a response is lost.
      signal.addEventListener("abort", () => exchange.abort(), { once: true })
      return responseOf(request, exchange)
    })
  )

/**
 * Provides an `HttpClient` with connections of its own, one pool for each origin. They are closed with the layer's scope.
 *
 * **Example** (all operations over one pool)
 *
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { ClerkConfig, Sessions } from "effect-clerk"
 * import * as ClerkUndici from "effect-clerk/undici"
 *
 * const ClerkLive = Layer.merge(ClerkConfig.layerEnv, ClerkUndici.layer({ connections: 20 }))
 *
 * export const session = Sessions.get("sess_2hQ4vXn7rTgKpLmW").pipe(Effect.provide(ClerkLive))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<HttpClient.HttpClient> =>
  Layer.scoped(
    HttpClient.HttpClient,
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(
          () => new Undici.Agent({ keepAliveTimeout: 30_000, headersTimeout: 0, bodyTimeout: 0, ...options })
        ),
        (agent) => Effect.promise(() => agent.destroy())
      ),
      make
    )
  )

const dispatch = (
  dispatcher: Undici.Dispatcher,
  request: HttpClientRequest.HttpClientRequest,
  url: URL
): Exchange => {
  const { body, headers, release } = encode(request)
  const exchange = new Exchange(release)
  try {
    dispatcher.dispatch(
      {
        origin: url.origin,
        path: url.pathname + url.search,
        method: request.method,
        headers:
          headers["accept-encoding"] === undefined ? { ...headers, "accept-encoding": "identity" } : headers,
        body,
        // Otherwise the option `pipelining` has no effect.
        blocking: false
      },
      exchange
    )
  } catch (cause) {
    exchange.onResponseError(undefined, cause)
  }
  return exchange
}

/** Returns the response as soon as its head has arrived. */
const responseOf = (
  request: HttpClientRequest.HttpClientRequest,
  exchange: Exchange
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.RequestError> =>
  Effect.flatMap(exchange.settled ? Effect.void : exchange.progress(), () =>
    exchange.status === 0
      ? Effect.fail(
          new HttpClientError.RequestError({
            request,
            reason: "Transport",
            cause: exchange.failure?.cause
          })
        )
      : Effect.succeed(new UndiciResponse(request, exchange))
  )

interface Validated {
  readonly body: NonNullable<Undici.Dispatcher.DispatchOptions["body"]> | null
  readonly headers: Record<string, string>
  /** Ends the iteration of the body. */
  readonly release?: () => void
}

const encode = ({ body, headers }: HttpClientRequest.HttpClientRequest): Validated => {
  switch (body._tag) {
    case "Empty":
      return { body: null, headers }
    case "Uint8Array":
      return { body: body.body, headers }
    case "FormData":
      return encodeForm(body.formData, headers)
    case "Raw":
      return body.body instanceof URLSearchParams
        ? encodeForm(body.body, headers)
        : // The platform leaves the type open; undici refuses at run time what it cannot send.
          { body: body.body as Validated["body"], headers }
    case "Stream": {
      const chunks = Stream.toAsyncIterable(body.stream)[Symbol.asyncIterator]()
      return {
        // undici takes any async iterable, although its type names only Node's own kind.
        body: { [Symbol.asyncIterator]: () => chunks } as unknown as Validated["body"],
        headers,
        release: () => void chunks.return?.()
      }
    }
  }
}

/** undici accepts only its own form data; the web's `Response` encodes the global one. */
const encodeForm = (form: FormData | URLSearchParams, headers: Record<string, string>): Validated => {
  const { body, headers: written } = new Response(form)
  return {
    // A `ReadableStream` is an async iterable on Node.
    body: body as unknown as Validated["body"],
    headers: { "content-type": written.get("content-type") ?? "", ...headers }
  }
}
