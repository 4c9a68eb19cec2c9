/** Handlers for the fault server: well-formed responses, and every fault that a test injects. */
import { Effect, Schedule } from "effect"

import type { Exchange, Handler } from "./faultServer.js"
import * as Wire from "./wire.js"
import type { Json, JsonObject, Request } from "./wire.js"

type Headers = Readonly<Record<string, string | ReadonlyArray<string>>>

const crlf = "\r\n"

/** The bytes of a status line and headers. */
const head = (status: number, headers: Headers): string =>
  [
    `HTTP/1.1 ${status} `,
    ...Object.entries(headers).flatMap(([name, values]) =>
      [values].flat().map((value) => `${name}: ${value}`)
    ),
    crlf
  ].join(crlf)

/** Writes bytes; the connection stays open. */
export const raw =
  (...parts: ReadonlyArray<string | Uint8Array>): Handler =>
  ({ write }) =>
    Effect.forEach(parts, write, { discard: true })

/** A complete, well-formed response. */
export const complete = (status: number, body: string | Uint8Array, headers: Headers = {}): Handler =>
  raw(
    head(status, {
      "Content-Type": "application/json",
      "Content-Length": `${Buffer.byteLength(body)}`,
      ...headers
    }),
    body
  )

/** A complete response of JSON, which may depend on the request. */
export const json =
  (status: number, value: Json | ((request: Request) => Json), headers: Headers = {}): Handler =>
  (exchange) =>
    complete(
      status,
      JSON.stringify(typeof value === "function" ? value(exchange.request) : value),
      headers
    )(exchange)

/** Responds as Clerk does. */
export const success: Handler = json(200, (request) => Wire.responseTo(request))

/** A success whose session, token or cookies are changed. */
export const changed = (change: (model: JsonObject) => Json): Handler =>
  json(200, (request) => Wire.responseTo(request, change))

/** The n-th request gets the n-th handler, all later requests get the last. */
export const inTurn = (first: Handler, ...others: ReadonlyArray<Handler>): Handler => {
  const all = [first, ...others]
  return (exchange) => (all[exchange.index - 1] ?? all.at(-1) ?? first)(exchange)
}

/** Runs handlers one after another for the same request. */
export const inSequence =
  (...steps: ReadonlyArray<Handler>): Handler =>
  (exchange) =>
    Effect.forEach(steps, (step) => step(exchange), { discard: true })

export const hang: Handler = () => Effect.never
export const close: Handler = (exchange) => exchange.close
export const reset: Handler = (exchange) => exchange.reset

const successBody = (exchange: Exchange): string => JSON.stringify(Wire.responseTo(exchange.request))

/** Incomplete responses; `hang`, `close` or `reset` follows. */
export const halfTheHeaders: Handler = raw("HTTP/1.1 200 OK\r\nContent-Type: applicat")

export const halfTheBody: Handler = (exchange) => {
  const body = successBody(exchange)
  return raw(
    head(200, { "Content-Type": "application/json", "Content-Length": `${Buffer.byteLength(body)}` }),
    body.slice(0, body.length / 2)
  )(exchange)
}

const chunkedHead = (status = 200) =>
  head(status, { "Content-Type": "application/json", "Transfer-Encoding": "chunked" })

export const halfAChunk: Handler = raw(chunkedHead(), '40\r\n[{"object":')

/** Every chunk but the last, which is empty. */
export const noLastChunk: Handler = (exchange) => {
  const body = successBody(exchange)
  return raw(chunkedHead(), `${Buffer.byteLength(body).toString(16)}${crlf}${body}${crlf}`)(exchange)
}

export const badChunkSize: Handler = raw(chunkedHead(), "zz\r\n{}\r\n0\r\n\r\n")

/** Sends a space every few milliseconds without end, so that a timeout between packets never passes. */
export const dripAt =
  (status: number): Handler =>
  ({ write }) =>
    Effect.zipRight(
      write(chunkedHead(status)),
      Effect.asVoid(Effect.repeat(write("1\r\n \r\n"), Schedule.spaced("5 millis")))
    )
export const drip = dripAt(200)

/** A success in pieces with pauses between them. */
export const slowSuccess: Handler = (exchange) => {
  const body = successBody(exchange)
  const quarter = Math.ceil(body.length / 4)
  return Effect.forEach(
    [
      "HTTP/1.1 200 OK\r\nContent-Type: applic",
      `ation/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`,
      crlf,
      ...[0, 1, 2, 3].map((part) => body.slice(part * quarter, (part + 1) * quarter))
    ],
    (piece) => Effect.delay(exchange.write(piece), "5 millis"),
    { discard: true }
  )
}

/** A success whose `Content-Length` is wrong by a number of bytes. */
export const lengthOffBy =
  (difference: number): Handler =>
  (exchange) => {
    const body = successBody(exchange)
    return raw(
      head(200, {
        "Content-Type": "application/json",
        "Content-Length": `${Buffer.byteLength(body) + difference}`
      }),
      body
    )(exchange)
  }

/** A success with other headers for its length. */
export const framedBy =
  (headers: Headers): Handler =>
  (exchange) =>
    raw(head(200, { "Content-Type": "application/json", ...headers }), successBody(exchange))(exchange)

/** A success after other bytes on the same connection. */
export const after =
  (bytes: string): Handler =>
  (exchange) =>
    Effect.zipRight(exchange.write(bytes), success(exchange))

/** A success with more headers. */
export const successWith = (headers: Headers): Handler =>
  json(200, (request) => Wire.responseTo(request), headers)

const chunkOf = (size: number, fill: number) => {
  const bytes = Buffer.alloc(size, fill)
  return Buffer.concat([Buffer.from(`${size.toString(16)}${crlf}`), bytes, Buffer.from(crlf)])
}

/** A success after a number of spaces, in chunks, which takes little memory here. */
export const spaces =
  (status: number, total: number): Handler =>
  (exchange) => {
    const size = 65_536
    const chunk = chunkOf(size, 0x20)
    const body = successBody(exchange)
    return exchange
      .write(head(status, { "Content-Type": "application/json", "Transfer-Encoding": "chunked" }))
      .pipe(
        Effect.zipRight(Effect.repeatN(exchange.write(chunk), Math.max(0, Math.ceil(total / size) - 1))),
        Effect.zipRight(
          exchange.write(`${Buffer.byteLength(body).toString(16)}${crlf}${body}${crlf}0\r\n\r\n`)
        )
      )
  }

/** A success for the first request of a connection, and another response for the later ones. */
export const onReuse =
  (otherwise: Handler): Handler =>
  (exchange) =>
    (exchange.indexOnConnection === 1 ? success : otherwise)(exchange)

/** A redirect with a body of HTML, as most servers send it. */
export const redirect =
  (status: number, location?: string | ((exchange: Exchange) => string)): Handler =>
  (exchange) => {
    const target = typeof location === "function" ? location(exchange) : location
    return complete(status, status === 304 ? "" : "<a>moved</a>", {
      "Content-Type": "text/html",
      ...(target === undefined ? {} : { Location: target })
    })(exchange)
  }

/** A compressed body. */
export const gzipped =
  (status: number, compress: (request: Request) => Uint8Array): Handler =>
  (exchange) =>
    complete(status, compress(exchange.request), { "Content-Encoding": "gzip" })(exchange)

/** The whole request as text. */
const echoed = ({ body, headers, method, target }: Request): string =>
  `${method} ${target} ${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join(", ")} ${body}`

const parsedBody = ({ body }: Request): Json => {
  if (body === "") return null
  // The client sends JSON.
  return JSON.parse(body) as Json
}

/** An error envelope that quotes the request in every field. */
export const echoEnvelope = (status: number): Handler =>
  json(status, (request) => ({
    errors: [
      {
        code: request.headers["authorization"] ?? "",
        message: echoed(request),
        long_message: request.body,
        meta: {
          headers: { ...request.headers },
          [echoed(request)]: [parsedBody(request)],
          sent: parsedBody(request)
        }
      }
    ],
    meta: { request: echoed(request), sent: parsedBody(request) },
    clerk_trace_id: request.headers["authorization"] ?? ""
  }))

/** A page of HTML that quotes the request. */
export const echoText =
  (status: number): Handler =>
  (exchange) =>
    complete(status, `<pre>${echoed(exchange.request)}</pre>`, { "Content-Type": "text/html" })(exchange)

/** Response headers that quote the request. */
export const echoHeaders =
  (status: number, body: Json): Handler =>
  (exchange) => {
    const { body: sent, headers } = exchange.request
    return json(status, body, {
      "Clerk-Trace-Id": headers["authorization"] ?? "",
      "CF-Ray": headers["authorization"] ?? "",
      "X-Debug": `${headers["authorization"]} ${sent}`,
      "Set-Cookie": `__session=${headers["authorization"]}`,
      Location: `/${headers["authorization"]}`
    })(exchange)
  }
