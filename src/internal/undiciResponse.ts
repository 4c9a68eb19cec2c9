import * as Cookies from "@effect/platform/Cookies"
import * as Headers from "@effect/platform/Headers"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

import * as Limited from "./limited.js"
import type { Exchange } from "./undiciExchange.js"

const decoder = new TextDecoder()

/** Breaks off the exchange of an answer that was dropped before its body had arrived. */
const abandoned = new FinalizationRegistry<Exchange>((exchange) => exchange.abort())

const concat = (chunks: ReadonlyArray<Uint8Array>): Uint8Array<ArrayBuffer> => {
  const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.length
  }
  return whole
}

/** Makes the platform's headers, which have no lists, of undici's, which are in lower case and nobody else's. */
const joined = (headers: Exchange["headers"]): Headers.Headers => {
  for (const name in headers) {
    const value = headers[name]
    if (Array.isArray(value)) {
      headers[name] = value.join(", ")
    }
  }
  // They are joined now.
  return Headers.unsafeFromRecord(headers as Record<string, string>)
}

/**
 * The platform's response over an exchange. Its body may be read any number of times and in any form, except that a
 * stream which has begun takes the body away.
 *
 * @internal
 */
export class UndiciResponse
  extends Inspectable.Class
  implements HttpClientResponse.HttpClientResponse, Limited.Limited
{
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly [HttpIncomingMessage.TypeId]: HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly request: HttpClientRequest.HttpClientRequest
  private readonly exchange: Exchange
  private streamed = false
  private chunks: Array<Uint8Array> | undefined
  private decoded: string | undefined
  private joinedHeaders: Headers.Headers | undefined
  private parsedCookies: Cookies.Cookies | undefined

  constructor(request: HttpClientRequest.HttpClientRequest, exchange: Exchange) {
    super()
    this.request = request
    this.exchange = exchange
    if (!exchange.settled) abandoned.register(this, exchange, exchange)
  }

  get status(): number {
    return this.exchange.status
  }

  get headers(): Headers.Headers {
    return (this.joinedHeaders ??= joined(this.exchange.headers))
  }

  get cookies(): Cookies.Cookies {
    return (this.parsedCookies ??= Cookies.fromSetCookie(this.exchange.setCookie))
  }

  get remoteAddress(): Option.Option<string> {
    return Option.none()
  }

  get text(): Effect.Effect<string, HttpClientError.ResponseError> {
    return Effect.map(
      this.body(),
      (chunks) => (this.decoded ??= decoder.decode(chunks.length === 1 ? chunks[0] : concat(chunks)))
    )
  }

  get json(): Effect.Effect<unknown, HttpClientError.ResponseError> {
    return this.parse(this.text, (text) => (text === "" ? null : JSON.parse(text)))
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, HttpClientError.ResponseError> {
    return this.parse(this.text, (text) => UrlParams.fromInput(new URLSearchParams(text)))
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, HttpClientError.ResponseError> {
    return Effect.map(this.body(), (chunks) => concat(chunks).buffer)
  }

  get formData(): Effect.Effect<FormData, HttpClientError.ResponseError> {
    return Effect.flatMap(this.body(), (chunks) =>
      Effect.tryPromise({
        try: () =>
          new Response(concat(chunks), {
            headers: { "content-type": this.headers["content-type"] ?? "" }
          }).formData(),
        catch: (cause) => this.unreadable(cause)
      })
    )
  }

  get stream(): Stream.Stream<Uint8Array, HttpClientError.ResponseError> {
    return Stream.suspend(() => {
      if (this.chunks !== undefined) return Stream.fromIterable(this.chunks)
      if (this.streamed) return Stream.fail(this.unreadable(new Error("The body has been streamed")))
      this.streamed = true
      abandoned.unregister(this.exchange)
      return Stream.ensuring(
        Stream.repeatEffectChunkOption(this.pull()),
        Effect.sync(() => this.exchange.abort())
      )
    })
  }

  /** Breaks nothing off when interrupted: who reads so has the controller of the request. */
  [Limited.upTo](limit: number): Effect.Effect<ReadonlyArray<Uint8Array>, HttpClientError.ResponseError> {
    if (this.streamed || this.exchange.settled) return this.body()
    abandoned.unregister(this.exchange)
    this.streamed = true
    return this.gather([], limit)
  }

  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "@effect/platform/HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }

  /** What arrives until there is more than that left, or no more to come. */
  private gather(
    chunks: Array<Uint8Array>,
    left: number
  ): Effect.Effect<ReadonlyArray<Uint8Array>, HttpClientError.ResponseError> {
    return Effect.suspend(() => {
      const more = this.exchange.take()
      chunks.push(...more)
      left -= more.reduce((length, chunk) => length + chunk.length, 0)
      if (left < 0) {
        this.exchange.abort()
        return Effect.succeed(chunks)
      }
      if (!this.exchange.settled) return Effect.zipRight(this.exchange.progress(), this.gather(chunks, left))
      if (this.exchange.failure !== undefined) {
        return Effect.fail(this.unreadable(this.exchange.failure.cause))
      }
      this.chunks = chunks
      this.streamed = false
      return Effect.succeed(chunks)
    })
  }

  /** The next chunks of a body that is being streamed. */
  private pull(): Effect.Effect<Chunk.Chunk<Uint8Array>, Option.Option<HttpClientError.ResponseError>> {
    return Effect.suspend(() => {
      const chunks = this.exchange.take()
      if (chunks.length > 0) return Effect.succeed(Chunk.unsafeFromArray(chunks))
      if (!this.exchange.settled) return Effect.zipRight(this.exchange.progress(), this.pull())
      return Effect.fail(
        Option.map(Option.fromNullable(this.exchange.failure), ({ cause }) => this.unreadable(cause))
      )
    })
  }

  /** The chunks of the whole body. */
  private body(): Effect.Effect<ReadonlyArray<Uint8Array>, HttpClientError.ResponseError> {
    if (this.streamed) return Effect.fail(this.unreadable(new Error("The body has been streamed")))
    if (this.exchange.failure !== undefined) return Effect.fail(this.unreadable(this.exchange.failure.cause))
    if (this.exchange.settled) return Effect.succeed((this.chunks ??= this.exchange.take()))
    return Effect.suspend(() => {
      abandoned.unregister(this.exchange)
      return Effect.zipRight(
        Effect.onInterrupt(this.exchange.end(), () => Effect.sync(() => this.exchange.abort())),
        Effect.suspend(() => this.body())
      )
    })
  }

  private parse<A, B>(
    self: Effect.Effect<A, HttpClientError.ResponseError>,
    read: (body: A) => B
  ): Effect.Effect<B, HttpClientError.ResponseError> {
    return Effect.tryMap(self, { try: read, catch: (cause) => this.unreadable(cause) })
  }

  private unreadable(cause: unknown): HttpClientError.ResponseError {
    return new HttpClientError.ResponseError({
      request: this.request,
      response: this,
      reason: "Decode",
      cause
    })
  }
}
