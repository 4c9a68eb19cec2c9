/**
 * The server of the benchmark, in a process of its own: the fake Clerk's session responses with Clerk's kind of
 * headers, as cheap to serve as `node:http` allows. Prints its origins as JSON and ends with its parent.
 */
import { createServer } from "node:http"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { gzipSync } from "node:zlib"

import { encodings, sessionsInTotal, sessionToken, wireSession, wireSessions } from "./wire.js"
import type { Encoding } from "./wire.js"

const headers = {
  "content-type": "application/json",
  "cache-control": "no-store, max-age=0",
  "clerk-trace-id": "4bf92f3577b34da6a3ce929d0e0e4736",
  "cf-ray": "8f2c5be1ed3a9a2c-FRA",
  "strict-transport-security": "max-age=63072000; includeSubDomains; preload",
  vary: "Accept-Encoding, Origin",
  "x-content-type-options": "nosniff"
}

/** Bodies that were compressed already: the server's work must not slow the clients down. */
const compressed = new Map<string, Buffer>()

const gzip = (body: string): Buffer => {
  const known = compressed.get(body)
  if (known !== undefined) return known
  const bytes = gzipSync(body)
  if (compressed.size < 100) compressed.set(body, bytes)
  return bytes
}

/** Sends the body as the origin does; compressed only for a client that asks for it, as Clerk's edge does. */
const respond = (
  encoding: Encoding,
  request: IncomingMessage,
  response: ServerResponse,
  body: string
): void => {
  if (encoding === "length") {
    response.writeHead(200, { ...headers, "content-length": Buffer.byteLength(body) })
    response.end(body)
  } else if (encoding === "gzip" && String(request.headers["accept-encoding"]).includes("gzip")) {
    response.writeHead(200, { ...headers, "content-encoding": "gzip", "transfer-encoding": "chunked" })
    sendChunks(response, gzip(body))
  } else {
    response.writeHead(200, { ...headers, "transfer-encoding": "chunked" })
    sendChunks(response, Buffer.from(body))
  }
}

/** Chunks of 16 kB, the size of a TLS record, which is what an edge forwards. */
const sendChunks = (response: ServerResponse, body: Buffer): void => {
  const size = 16_384
  for (let at = 0; at < body.length; at += size) {
    response.write(body.subarray(at, at + size))
  }
  response.end()
}

const pages = new Map<string, string>()

const page = (search: string): string => {
  const query = new URLSearchParams(search)
  const offset = Number(query.get("offset") ?? 0)
  const limit = Math.min(Number(query.get("limit") ?? 10), sessionsInTotal - offset)
  const data = wireSessions(offset, limit)
  return JSON.stringify(query.get("paginated") === "true" ? { data, total_count: sessionsInTotal } : data)
}

const token = JSON.stringify({ object: "token", jwt: sessionToken() })

const bodyOf = (url: string): string => {
  const [path = "", search = ""] = url.split("?")
  if (path.endsWith("/tokens")) return token
  if (path === "/v1/sessions") {
    const body = pages.get(search) ?? page(search)
    if (search.includes("limit=500") && !search.includes("offset=")) pages.set(search, body)
    return body
  }
  return JSON.stringify(wireSession(0, path.slice(path.lastIndexOf("/") + 1)))
}

const listen = (encoding: Encoding): Promise<string> =>
  new Promise((resolve) => {
    const server = createServer((request, response) => {
      request.resume()
      respond(encoding, request, response, bodyOf(request.url ?? ""))
    })
    server.keepAliveTimeout = 60_000
    server.listen(0, "127.0.0.1", () => {
      // `listen` on a TCP port: the address is never a string or null here.
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    })
  })

const origins = await Promise.all(encodings.map(async (encoding) => [encoding, await listen(encoding)]))
process.stdout.write(`${JSON.stringify(Object.fromEntries(origins))}\n`)
process.stdin.resume().on("end", () => process.exit(0))
