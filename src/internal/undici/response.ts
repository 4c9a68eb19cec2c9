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

import { join, type LimitedResponse, limitBody, textUpTo } from "../fast/limitBody.js"
import type { Exchange } from "./exchange.js"

/** Joins lists, which the platform's headers do not have. undici's record is in lower case and not used elsewhere. */
const joinHeaders = (headers: Exchange["headers"]): Headers.Headers => {
  for (const name in headers) {
    const value = headers[name]
    if (Array.isArray(value)) {
      headers[name] = value.join(", ")
    }
  }
  // All lists are joined now.
  return Headers.unsafeFromRecord(headers as Record<string, string>)
}

/**
 * The platform's response over an exchange. Its body can be read several times and in any form, except after a stream of
 * it has begun.
 */
export class UndiciResponse extends Inspectable.Class implements LimitedResponse {
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly [HttpIncomingMessage.TypeId]: HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly request: HttpClientRequest.HttpClientRequest
  private readonly exchange: Exchange
  private streamed = false
  private limit = Infinity
  private chunks: Array<Uint8Array> | undefined
  private decoded: string | undefined
  private joinedHeaders: Headers.Headers | undefined
  private parsedCookies: Cookies.Cookies | undefined

  constructor(request: HttpClientRequest.HttpClientRequest, exchange: Exchange) {
    super()
    this.request = request
    this.exchange = exchange
  }

  get status(): number {
    return this.exchange.status
  }

  get headers(): Headers.Headers {
    return (this.joinedHeaders ??= joinHeaders(this.exchange.headers))
  }

  get cookies(): Cookies.Cookies {
    return (this.parsedCookies ??= Cookies.fromSetCookie(this.exchange.setCookie))
  }

  get remoteAddress(): Option.Option<string> {
    return Option.none()
  }

  get text(): Effect.Effect<string, HttpClientError.ResponseError> {
    return this.parse(this.body(), (chunks) => (this.decoded ??= textUpTo(chunks, this.limit)))
  }

  get json(): Effect.Effect<unknown, HttpClientError.ResponseError> {
    return this.parse(this.text, (text) => (text === "" ? null : JSON.parse(text)))
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, HttpClientError.ResponseError> {
    return this.parse(this.text, (text) => UrlParams.fromInput(new URLSearchParams(text)))
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, HttpClientError.ResponseError> {
    return Effect.map(this.body(), (chunks) => join(chunks).buffer)
  }

  get formData(): Effect.Effect<FormData, HttpClientError.ResponseError> {
    return Effect.flatMap(this.body(), (chunks) =>
      Effect.tryPromise({
        try: () =>
          new Response(join(chunks), {
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
      return Stream.ensuring(
        Stream.repeatEffectChunkOption(this.pull()),
        Effect.sync(() => this.exchange.abort())
      )
    })
  }

  [limitBody](limit: number): void {
    this.limit = limit
  }

  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "@effect/platform/HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
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

  /** The chunks of the whole body, or of a beginning that is longer than the limit; then the rest is cancelled. */
  private body(): Effect.Effect<ReadonlyArray<Uint8Array>, HttpClientError.ResponseError> {
    if (this.streamed) return Effect.fail(this.unreadable(new Error("The body has been streamed")))
    if (this.chunks !== undefined) return Effect.succeed(this.chunks)
    if (this.exchange.failure !== undefined) return Effect.fail(this.unreadable(this.exchange.failure.cause))
    if (this.exchange.settled) return Effect.succeed((this.chunks = this.exchange.take()))
    return Effect.suspend(() => {
      const end = Effect.onInterrupt(this.exchange.end(this.limit), () =>
        Effect.sync(() => this.exchange.abort())
      )
      return Effect.flatMap(end, () => {
        if (this.exchange.settled) return this.body()
        this.exchange.abort()
        return Effect.succeed(this.exchange.take())
      })
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
