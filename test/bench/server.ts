/**
 * The answering side of the benchmark, in a process of its own: Clerk's session answers with Clerk's kind of headers,
 * as cheap to serve as `node:http` allows. Prints its port, and ends with its parent.
 */
import { createServer } from "node:http"
import type { ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

import { sessionsInTotal, token, wireSession, wireSessions } from "./wire.js"

const answer = (response: ServerResponse, body: string): void => {
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store, max-age=0",
    "clerk-trace-id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "cf-ray": "8f2c5be1ed3a9a2c-FRA",
    "strict-transport-security": "max-age=63072000; includeSubDomains; preload",
    vary: "Accept-Encoding, Origin",
    "x-content-type-options": "nosniff"
  })
  response.end(body)
}

const pages = new Map<string, string>()

const page = (search: string): string => {
  const query = new URLSearchParams(search)
  const offset = Number(query.get("offset") ?? 0)
  const limit = Math.min(Number(query.get("limit") ?? 10), sessionsInTotal - offset)
  const data = wireSessions(offset, limit)
  return JSON.stringify(query.get("paginated") === "true" ? { data, total_count: sessionsInTotal } : data)
}

const server = createServer((request, response) => {
  const [path = "", search = ""] = (request.url ?? "").split("?")
  request.resume()
  if (path.endsWith("/tokens")) return answer(response, JSON.stringify({ object: "token", jwt: token }))
  if (path === "/v1/sessions") {
    const body = pages.get(search) ?? page(search)
    if (search.includes("limit=500") && !search.includes("offset=")) pages.set(search, body)
    return answer(response, body)
  }
  return answer(response, JSON.stringify(wireSession(0, path.slice(path.lastIndexOf("/") + 1))))
})

server.keepAliveTimeout = 60_000
server.listen(0, "127.0.0.1", () => {
  // `listen` on a TCP port: the address is never a string or null here.
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
})
process.stdin.resume().on("end", () => process.exit(0))
