/**
 * An `HttpClient` over undici for servers that call Clerk often: the same answers as from `fetch` for a fraction of
 * the processor time. It needs the optional peer dependency `undici`, and so Node.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as Undici from "undici"

import * as Abort from "./internal/abort.js"
import { Exchange } from "./internal/undiciExchange.js"
import { UndiciResponse } from "./internal/undiciResponse.js"

/**
 * The settings of the connections: undici's own, of which `connections` (sockets to one origin at most),
 * `keepAliveTimeout` (milliseconds), `pipelining` (requests in flight on one socket) and `connect` (TLS) matter most.
 *
 * Details: where they differ from undici's defaults: an idle connection is kept for 30 seconds unless the server asks
 * for less, and undici's own timeouts of head and body are off, as the client has one of its own for every attempt.
 *
 * @see https://undici.nodejs.org/#/docs/api/Agent
 * @since 0.1.0
 * @category models
 */
export type Options = Undici.Agent.Options

/**
 * The platform's `HttpClient` over a dispatcher of one's own: an undici `Agent`, `ProxyAgent`, `MockAgent` …, which
 * stays open until its owner closes it.
 *
 * Details: every method and every kind of body is accepted; redirects are not followed and bodies not decompressed.
 * What cannot be sent or gets no answer fails with `RequestError` (`Transport`), a body that breaks off with
 * `ResponseError` (`Decode`). Interruption aborts the request.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (dispatcher: Undici.Dispatcher): HttpClient.HttpClient => {
  const observed = HttpClient.make((request, url, signal) => send(dispatcher, request, url, signal))
  const execute = (request: HttpClientRequest.HttpClientRequest) =>
    Effect.withFiberRuntime<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>(
      (fiber) => {
        if (isObserved(fiber, request)) return observed.execute(request)
        const url = UrlParams.makeUrl(request.url, request.urlParams, request.hash)
        return Either.isRight(url)
          ? send(dispatcher, request, url.right, Abort.controllers.get(request))
          : Effect.fail(new HttpClientError.RequestError({ request, reason: "InvalidUrl", cause: url.left }))
      }
    )
  return HttpClient.makeWith<never, never, HttpClientError.HttpClientError, never>(
    (request) => Effect.flatMap(request, execute),
    Effect.succeed
  )
}

/**
 * An `HttpClient` with connections of its own, one pool for each origin, that are closed with the layer's scope.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerOptions = (options: Options): Layer.Layer<HttpClient.HttpClient> =>
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

/**
 * An `HttpClient` with connections of its own under the settings that suit Clerk; they are closed with the layer's
 * scope.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { ClerkConfig, Sessions } from "effect-clerk"
 * import * as ClerkUndici from "effect-clerk/undici"
 *
 * const ClerkLive = Layer.merge(ClerkConfig.layerEnv, ClerkUndici.layer)
 *
 * const program = Sessions.get("sess_2hQ4vXn7rTgKpLmW").pipe(Effect.provide(ClerkLive))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<HttpClient.HttpClient> = layerOptions({})

/**
 * Whether the platform has to record a span of the request. Its `HttpClient.make` costs as much as all the rest of a
 * call, so that a request which needs no span goes without.
 */
const isObserved = (
  fiber: Fiber.RuntimeFiber<unknown, unknown>,
  request: HttpClientRequest.HttpClientRequest
): boolean =>
  fiber.getFiberRef(FiberRef.currentTracerEnabled) &&
  !fiber.getFiberRef(HttpClient.currentTracerDisabledWhen)(request)

const send = (
  dispatcher: Undici.Dispatcher,
  request: HttpClientRequest.HttpClientRequest,
  url: URL,
  abort: AbortSignal | AbortController | undefined
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.RequestError> => {
  if (abort !== undefined) {
    // Whoever has a controller aborts with it what is interrupted.
    return Effect.suspend(() => {
      const exchange = dispatch(dispatcher, request, url)
      if (abort instanceof Abort.Controller) {
        abort.underWay = exchange
      } else {
        const signal = abort instanceof AbortController ? abort.signal : abort
        signal.addEventListener("abort", () => exchange.abort(), { once: true })
      }
      return answered(request, exchange)
    })
  }
  return Effect.uninterruptibleMask((restore) => {
    const exchange = dispatch(dispatcher, request, url)
    return Effect.onError(restore(answered(request, exchange)), () => Effect.sync(() => exchange.abort()))
  })
}

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
        headers,
        body,
        // Otherwise the option `pipelining` would be without effect.
        blocking: false
      },
      exchange
    )
  } catch (cause) {
    exchange.onResponseError(undefined, cause)
  }
  return exchange
}

/** The answer as soon as its head is there. */
const answered = (
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

interface Encoded {
  readonly body: NonNullable<Undici.Dispatcher.DispatchOptions["body"]> | null
  readonly headers: Record<string, string>
  /** Ends the making of the body. */
  readonly release?: () => void
}

const encode = ({ body, headers }: HttpClientRequest.HttpClientRequest): Encoded => {
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
          { body: body.body as Encoded["body"], headers }
    case "Stream": {
      const chunks = Stream.toAsyncIterable(body.stream)[Symbol.asyncIterator]()
      return {
        // undici takes any async iterable, although its type names only Node's own kind.
        body: { [Symbol.asyncIterator]: () => chunks } as unknown as Encoded["body"],
        headers,
        release: () => void chunks.return?.()
      }
    }
  }
}

/** undici knows only form data of its own make; the web's `Response` encodes the global one. */
const encodeForm = (form: FormData | URLSearchParams, headers: Record<string, string>): Encoded => {
  const { body, headers: written } = new Response(form)
  return {
    // A `ReadableStream` is an async iterable on Node.
    body: body as unknown as Encoded["body"],
    headers: { "content-type": written.get("content-type") ?? "", ...headers }
  }
}
