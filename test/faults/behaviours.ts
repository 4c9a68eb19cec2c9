/** The ways to misbehave, each a value that the server can be given for any request. */
import { Effect, Schedule } from "effect"

import * as Clerk from "./clerk.js"
import type { Json, JsonObject } from "./clerk.js"
import type { Behaviour, Exchange, Seen } from "./server.js"

type Headers = Readonly<Record<string, string | ReadonlyArray<string>>>

const crlf = "\r\n"

/** The bytes of a status line and headers; the empty reason phrase is legal and shows that nobody reads it. */
const head = (status: number, headers: Headers): string =>
  [
    `HTTP/1.1 ${status} `,
    ...Object.entries(headers).flatMap(([name, values]) =>
      [values].flat().map((value) => `${name}: ${value}`)
    ),
    crlf
  ].join(crlf)

/** Whatever bytes, written as they are, on a connection that stays open. */
export const raw =
  (...parts: ReadonlyArray<string | Uint8Array>): Behaviour =>
  ({ write }) =>
    Effect.forEach(parts, write, { discard: true })

/** A whole and well-formed answer. */
export const answer = (status: number, body: string | Uint8Array, headers: Headers = {}): Behaviour =>
  raw(
    head(status, {
      "Content-Type": "application/json",
      "Content-Length": `${Buffer.byteLength(body)}`,
      ...headers
    }),
    body
  )

/** A whole and well-formed answer of JSON, made from the request where it is a function. */
export const json =
  (status: number, value: Json | ((request: Seen) => Json), headers: Headers = {}): Behaviour =>
  (exchange) =>
    answer(
      status,
      JSON.stringify(typeof value === "function" ? value(exchange.request) : value),
      headers
    )(exchange)

/** What Clerk would answer. */
export const honest: Behaviour = json(200, (request) => Clerk.answerTo(request))

/** An honest answer with its session, token or cookies bent. */
export const bent = (bend: (model: JsonObject) => Json): Behaviour =>
  json(200, (request) => Clerk.answerTo(request, bend))

/** The n-th request gets the n-th behaviour, all later ones the last. */
export const inTurn = (first: Behaviour, ...others: ReadonlyArray<Behaviour>): Behaviour => {
  const all = [first, ...others]
  return (exchange) => (all[exchange.index - 1] ?? all.at(-1) ?? first)(exchange)
}

/** One behaviour after another within the same answer. */
export const inSequence =
  (...steps: ReadonlyArray<Behaviour>): Behaviour =>
  (exchange) =>
    Effect.forEach(steps, (step) => step(exchange), { discard: true })

export const hang: Behaviour = () => Effect.never
export const close: Behaviour = (exchange) => exchange.close
export const reset: Behaviour = (exchange) => exchange.reset

const honestBody = (exchange: Exchange): string => JSON.stringify(Clerk.answerTo(exchange.request))

/** The ways in which an answer can stop; each is to be followed by `hang`, `close` or `reset`. */
export const halfTheHeaders: Behaviour = raw("HTTP/1.1 200 OK\r\nContent-Type: applicat")

export const halfTheBody: Behaviour = (exchange) => {
  const body = honestBody(exchange)
  return raw(
    head(200, { "Content-Type": "application/json", "Content-Length": `${Buffer.byteLength(body)}` }),
    body.slice(0, body.length / 2)
  )(exchange)
}

const chunkedHead = (status = 200) =>
  head(status, { "Content-Type": "application/json", "Transfer-Encoding": "chunked" })

export const halfAChunk: Behaviour = raw(chunkedHead(), '40\r\n[{"object":')

/** Every chunk of the body, but never the one that says it is over. */
export const noLastChunk: Behaviour = (exchange) => {
  const body = honestBody(exchange)
  return raw(chunkedHead(), `${Buffer.byteLength(body).toString(16)}${crlf}${body}${crlf}`)(exchange)
}

export const badChunkSize: Behaviour = raw(chunkedHead(), "zz\r\n{}\r\n0\r\n\r\n")

/** A space every few milliseconds, for ever: each of them alive enough to fool a timeout between packets. */
export const dripAt =
  (status: number): Behaviour =>
  ({ write }) =>
    Effect.zipRight(
      write(chunkedHead(status)),
      Effect.asVoid(Effect.repeat(write("1\r\n \r\n"), Schedule.spaced("5 millis")))
    )
export const drip = dripAt(200)

/** An honest answer in pieces with pauses between them. */
export const slowButWhole: Behaviour = (exchange) => {
  const body = honestBody(exchange)
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

/** An honest body under a `Content-Length` that is off by so much. */
export const lengthOffBy =
  (difference: number): Behaviour =>
  (exchange) => {
    const body = honestBody(exchange)
    return raw(
      head(200, {
        "Content-Type": "application/json",
        "Content-Length": `${Buffer.byteLength(body) + difference}`
      }),
      body
    )(exchange)
  }

/** An honest answer under other headers about its length than it should have. */
export const framedBy =
  (headers: Headers): Behaviour =>
  (exchange) =>
    raw(head(200, { "Content-Type": "application/json", ...headers }), honestBody(exchange))(exchange)

/** An honest answer preceded by something else on the same connection. */
export const after =
  (bytes: string): Behaviour =>
  (exchange) =>
    Effect.zipRight(exchange.write(bytes), honest(exchange))

/** An honest answer with more headers. */
export const honestWith = (headers: Headers): Behaviour =>
  json(200, (request) => Clerk.answerTo(request), headers)

const chunkOf = (size: number, fill: number) => {
  const bytes = Buffer.alloc(size, fill)
  return Buffer.concat([Buffer.from(`${size.toString(16)}${crlf}`), bytes, Buffer.from(crlf)])
}

/** A body of so many bytes that never needs to exist here as a whole: chunks of spaces, and an honest end. */
export const spaces =
  (status: number, total: number): Behaviour =>
  (exchange) => {
    const size = 65_536
    const chunk = chunkOf(size, 0x20)
    const body = honestBody(exchange)
    return exchange
      .write(head(status, { "Content-Type": "application/json", "Transfer-Encoding": "chunked" }))
      .pipe(
        Effect.zipRight(Effect.repeatN(exchange.write(chunk), Math.max(0, Math.ceil(total / size) - 1))),
        Effect.zipRight(
          exchange.write(`${Buffer.byteLength(body).toString(16)}${crlf}${body}${crlf}0\r\n\r\n`)
        )
      )
  }

/** Serves an honest answer to the first request of a connection, and does something else with all later ones. */
export const onReuse =
  (otherwise: Behaviour): Behaviour =>
  (exchange) =>
    (exchange.indexOnConnection === 1 ? honest : otherwise)(exchange)

/** A redirect to wherever; its body is a link, as most servers add one. */
export const redirect =
  (status: number, location?: string | ((exchange: Exchange) => string)): Behaviour =>
  (exchange) => {
    const target = typeof location === "function" ? location(exchange) : location
    return answer(status, status === 304 ? "" : "<a>moved</a>", {
      "Content-Type": "text/html",
      ...(target === undefined ? {} : { Location: target })
    })(exchange)
  }

/** Bytes packed the way that servers pack them. */
export const gzipped =
  (status: number, packed: (request: Seen) => Uint8Array): Behaviour =>
  (exchange) =>
    answer(status, packed(exchange.request), { "Content-Encoding": "gzip" })(exchange)

/** Everything that a request says about the caller, as a careless server hands it back. */
const echoed = ({ body, headers, method, target }: Seen): string =>
  `${method} ${target} ${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join(", ")} ${body}`

const parsedBody = ({ body }: Seen): Json => {
  if (body === "") return null
  // The client under test wrote it, as JSON.
  return JSON.parse(body) as Json
}

/** An error envelope that quotes the request in every place that can hold text. */
export const echoEnvelope = (status: number): Behaviour =>
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

/** A page of text that quotes the request. */
export const echoText =
  (status: number): Behaviour =>
  (exchange) =>
    answer(status, `<pre>${echoed(exchange.request)}</pre>`, { "Content-Type": "text/html" })(exchange)

/** Response headers that quote the request. */
export const echoHeaders =
  (status: number, body: Json): Behaviour =>
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
