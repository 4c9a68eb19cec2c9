import { createServer } from "node:http"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

import {
  Cookies,
  HttpBody,
  HttpClient,
  HttpClientRequest,
  type HttpClientError,
  type HttpClientResponse,
  type HttpMethod
} from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Chunk, Deferred, Effect, Exit, Fiber, Layer, Option, Redacted, Scope, Stream, Tracer } from "effect"
import { ClerkConfig, Sessions } from "effect-clerk"
import * as ClerkUndici from "effect-clerk/undici"
import { Dispatcher } from "undici"

/** A server on a loopback port that answers every request with `handle`. */
const serve = (handle: (request: IncomingMessage, response: ServerResponse) => void) =>
  Effect.gen(function* () {
    const sockets = new Set<Socket>()
    const gone = yield* Deferred.make<void>()
    const arrived = yield* Deferred.make<void>()
    const server = yield* Effect.acquireRelease(
      Effect.async<ReturnType<typeof createServer>>((resume) => {
        const server = createServer((request, response) => {
          Deferred.unsafeDone(arrived, Exit.void)
          response.on("close", () => {
            if (!response.writableFinished) Deferred.unsafeDone(gone, Exit.void)
          })
          handle(request, response)
        })
        server.on("connection", (socket) => {
          sockets.add(socket)
          socket.on("close", () => sockets.delete(socket))
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    )
    return {
      // A server that listens on a TCP port has an address with a port.
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      /** Completes when the first request has arrived. */
      arrived: Deferred.await(arrived),
      /** Completes when a connection was closed under an unfinished answer. */
      gone: Deferred.await(gone),
      sockets
    }
  })

interface Echo {
  readonly method: string
  readonly url: string
  readonly headers: Record<string, string>
  readonly body: string
}

const echo = (request: IncomingMessage, response: ServerResponse): void => {
  const chunks: Array<Uint8Array> = []
  request.on("data", (chunk: Uint8Array) => chunks.push(chunk))
  request.on("end", () => {
    const { headers, method, url } = request
    response.setHeader("content-type", "application/json")
    response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }))
  })
}

const send = (request: HttpClientRequest.HttpClientRequest) =>
  HttpClient.HttpClient.pipe(Effect.flatMap((client) => client.execute(request)))

const sendEcho = (request: HttpClientRequest.HttpClientRequest) =>
  // What the echoing server answers with.
  send(request).pipe(
    Effect.flatMap((response) => response.json as Effect.Effect<Echo, HttpClientError.ResponseError>)
  )

/** Lets the event loop turn. */
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const unobserved = Effect.withTracerEnabled(false)

/** The two roads through the transport, and the platform's own over undici to compare them with. */
const transports = [
  { name: "on its own", layer: ClerkUndici.layer(), region: unobserved },
  { name: "observed by the platform", layer: ClerkUndici.layer(), region: Effect.withTracerEnabled(true) },
  { name: "the platform's", layer: NodeHttpClient.layerUndici, region: unobserved }
] as const

describe("requests", () => {
  it.live.each<HttpMethod.HttpMethod>(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])(
    "%s reaches the server with path, query and headers",
    (method) =>
      Effect.gen(function* () {
        const server = yield* serve(echo)
        const seen = yield* sendEcho(
          HttpClientRequest.make(method)(`${server.url}/v1/a%2Fb`, {
            urlParams: { limit: 10, empty: "" },
            headers: { authorization: "Bearer sk_test_1", "X-Other": "1" }
          })
        )
        assert.strictEqual(seen.method, method)
        assert.strictEqual(seen.url, "/v1/a%2Fb?limit=10&empty=")
        assert.strictEqual(seen.headers["authorization"], "Bearer sk_test_1")
        assert.strictEqual(seen.headers["x-other"], "1")
        assert.strictEqual(seen.body, "")
        assert.isUndefined(seen.headers["transfer-encoding"])
      }).pipe(unobserved, Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("HEAD has headers and an empty body", () =>
    Effect.gen(function* () {
      const server = yield* serve((_, response) => response.writeHead(200, { "content-length": 5 }).end())
      const response = yield* send(HttpClientRequest.head(server.url))
      assert.strictEqual(response.status, 200)
      assert.strictEqual(response.headers["content-length"], "5")
      assert.strictEqual(yield* response.text, "")
    }).pipe(unobserved, Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  const bytes = new TextEncoder().encode("bytes")
  it.live.each<{
    name: string
    body: () => HttpBody.HttpBody
    body_: string
    type?: string
    length?: string
  }>([
    { name: "Empty", body: () => HttpBody.empty, body_: "", length: "0" },
    {
      name: "Uint8Array",
      body: () => HttpBody.uint8Array(bytes),
      body_: "bytes",
      type: "application/octet-stream",
      length: "5"
    },
    { name: "text", body: () => HttpBody.text("grüße"), body_: "grüße", type: "text/plain", length: "7" },
    {
      name: "JSON",
      body: () => HttpBody.unsafeJson({ a: 1 }),
      body_: `{"a":1}`,
      type: "application/json",
      length: "7"
    },
    {
      name: "Raw string",
      body: () => HttpBody.raw("raw", { contentType: "text/x" }),
      body_: "raw",
      type: "text/x",
      length: "3"
    },
    {
      name: "Raw Blob",
      body: () => HttpBody.raw(new Blob(["blob"], { type: "text/x" })),
      body_: "blob",
      type: "text/x",
      length: "4"
    },
    {
      name: "Raw URLSearchParams",
      body: () => HttpBody.raw(new URLSearchParams({ a: "1", b: "ü" })),
      body_: "a=1&b=%C3%BC",
      type: "application/x-www-form-urlencoded;charset=UTF-8"
    },
    {
      name: "Raw ReadableStream",
      body: () => HttpBody.raw(new Blob(["readable"]).stream()),
      body_: "readable"
    },
    {
      name: "Stream",
      body: () => HttpBody.stream(Stream.make(bytes, bytes)),
      body_: "bytesbytes",
      type: "application/octet-stream"
    },
    {
      name: "Stream of known length",
      body: () => HttpBody.stream(Stream.make(bytes, bytes), "text/x", 10),
      body_: "bytesbytes",
      type: "text/x",
      length: "10"
    }
  ])("$name is a body", ({ body, body_, type, length }) =>
    Effect.gen(function* () {
      const server = yield* serve(echo)
      const seen = yield* sendEcho(HttpClientRequest.post(server.url).pipe(HttpClientRequest.setBody(body())))
      assert.strictEqual(seen.body, body_)
      assert.strictEqual(seen.headers["content-type"], type)
      assert.strictEqual(seen.headers["content-length"], length)
    }).pipe(unobserved, Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("FormData is a body, with its fields and files", () =>
    Effect.gen(function* () {
      const server = yield* serve(echo)
      const form = new FormData()
      form.append("field", "value")
      form.append("file", new Blob(["contents"], { type: "text/x" }), "name.txt")
      const seen = yield* sendEcho(
        HttpClientRequest.post(server.url).pipe(HttpClientRequest.bodyFormData(form))
      )
      const received = yield* Effect.promise(() =>
        new Response(seen.body, {
          headers: { "content-type": seen.headers["content-type"] ?? "" }
        }).formData()
      )
      assert.strictEqual(received.get("field"), "value")
      const file = received.get("file")
      assert(file instanceof File)
      assert.strictEqual(file.name, "name.txt")
      assert.strictEqual(yield* Effect.promise(() => file.text()), "contents")
    }).pipe(unobserved, Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("a body stream that fails fails the request, and the server sees it broken off", () =>
    Effect.gen(function* () {
      const server = yield* serve((request) => request.resume())
      const body = HttpBody.stream(
        Stream.concat(Stream.make(new Uint8Array([1])), Stream.fail("out of paper"))
      )
      const error = yield* Effect.flip(
        send(HttpClientRequest.post(server.url).pipe(HttpClientRequest.setBody(body)))
      )
      assert.strictEqual(error._tag, "RequestError")
      assert.strictEqual(error.reason, "Transport")
      yield* server.gone
    }).pipe(unobserved, Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("a body stream that waits is ended with its request", () =>
    Effect.gen(function* () {
      const server = yield* serve((request) => request.resume())
      const ended = yield* Deferred.make<void>()
      const body = HttpBody.stream(
        Stream.concat(Stream.make(new Uint8Array([1])), Stream.never).pipe(
          Stream.ensuring(Deferred.succeed(ended, undefined))
        )
      )
      const fiber = yield* Effect.fork(
        send(HttpClientRequest.post(server.url).pipe(HttpClientRequest.setBody(body)))
      )
      yield* server.arrived
      yield* Fiber.interrupt(fiber)
      yield* Deferred.await(ended)
      yield* server.gone
    }).pipe(unobserved, Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )
})

describe("responses", () => {
  const answer = (body: string | Uint8Array, headers: Record<string, string | Array<string>> = {}) =>
    Effect.gen(function* () {
      const server = yield* serve((_, response) => response.writeHead(201, headers).end(body))
      return yield* send(HttpClientRequest.get(server.url))
    })

  it.live("have status, headers and cookies", () =>
    Effect.gen(function* () {
      const response = yield* answer("", {
        "X-Single": "one",
        "X-Twice": ["a", "b"],
        "Set-Cookie": ["a=1; Path=/", "b=2"]
      })
      assert.strictEqual(response.status, 201)
      assert.strictEqual(response.headers["x-single"], "one")
      assert.strictEqual(response.headers["x-twice"], "a, b")
      deepStrictEqual(Cookies.toRecord(response.cookies), { a: "1", b: "2" })
      deepStrictEqual(response.remoteAddress, Option.none())
    }).pipe(unobserved, Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("are read as text, JSON, bytes, parameters and stream, again and again", () =>
    Effect.gen(function* () {
      const response = yield* answer(`{"a":"ü"}`)
      assert.strictEqual(yield* response.text, `{"a":"ü"}`)
      deepStrictEqual(yield* response.json, { a: "ü" })
      assert.strictEqual(new TextDecoder().decode(yield* response.arrayBuffer), `{"a":"ü"}`)
      deepStrictEqual(yield* response.urlParamsBody, [[`{"a":"ü"}`, ""]])
      const streamed = yield* Stream.runCollect(Stream.decodeText(response.stream))
      assert.strictEqual(Chunk.join(streamed, ""), `{"a":"ü"}`)
      assert.strictEqual(yield* response.text, `{"a":"ü"}`)
    }).pipe(unobserved, Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("are read again that an operation has read", () =>
    Effect.gen(function* () {
      let rest = () => {}
      const server = yield* serve((_, response) => {
        response.write('{"jwt":')
        rest = () => response.end('"a.b.c"}')
      })
      const kept: Array<HttpClientResponse.HttpClientResponse> = []
      yield* Sessions.createToken("sess_1").pipe(
        Effect.provideServiceEffect(
          HttpClient.HttpClient,
          Effect.map(
            HttpClient.HttpClient,
            HttpClient.tap((response) =>
              Effect.sync(() => {
                kept.push(response)
                rest()
              })
            )
          )
        ),
        Effect.provide(ClerkConfig.layer({ secretKey: Redacted.make("sk_test_1"), apiUrl: server.url }))
      )
      const texts = yield* Effect.forEach(kept, (response) => response.text)
      deepStrictEqual(texts, ['{"jwt":"a.b.c"}'])
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("are read as form data", () =>
    Effect.gen(function* () {
      const response = yield* answer("a=1&a=2", { "content-type": "application/x-www-form-urlencoded" })
      const form = yield* response.formData
      deepStrictEqual(form.getAll("a"), ["1", "2"])
      const odd = yield* answer("a=1", { "content-type": "text/plain" })
      const error = yield* Effect.flip(odd.formData)
      assert.strictEqual(error.reason, "Decode")
    }).pipe(unobserved, Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("may be empty, may carry a byte-order mark, and may be no JSON", () =>
    Effect.gen(function* () {
      const empty = yield* answer("")
      assert.strictEqual(yield* empty.text, "")
      assert.isNull(yield* empty.json)
      assert.strictEqual((yield* empty.arrayBuffer).byteLength, 0)
      assert.strictEqual(Chunk.size(yield* Stream.runCollect(empty.stream)), 0)
      assert.strictEqual(yield* (yield* answer("\uFEFFmarked")).text, "marked")
      const error = yield* Effect.flip((yield* answer("{")).json)
      assert.strictEqual(error.reason, "Decode")
    }).pipe(unobserved, Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("of many chunks are put together", () =>
    Effect.gen(function* () {
      const body = "é".repeat(500_000)
      const response = yield* answer(body)
      assert.strictEqual(yield* response.text, body)
      const bytes = yield* (yield* answer(body)).arrayBuffer
      assert.strictEqual(bytes.byteLength, 1_000_000)
      const streamed = yield* Stream.runCollect((yield* answer(body)).stream)
      assert.isAbove(Chunk.size(streamed), 1)
      assert.strictEqual(new TextDecoder().decode(Buffer.concat(Chunk.toReadonlyArray(streamed))), body)
    }).pipe(unobserved, Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("are read by two fibers at once", () =>
    Effect.gen(function* () {
      const server = yield* serve((_, response) => {
        response.write("first ")
        setImmediate(() => response.end("second"))
      })
      const response = yield* send(HttpClientRequest.get(server.url))
      const texts = yield* Effect.all([response.text, response.text], { concurrency: "unbounded" })
      deepStrictEqual(texts, ["first second", "first second"])
    }).pipe(unobserved, Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("that are streamed have no other body left", () =>
    Effect.gen(function* () {
      const response = yield* answer("once")
      yield* Stream.runDrain(response.stream)
      const text = yield* Effect.flip(response.text)
      assert.strictEqual(text.reason, "Decode")
      const stream = yield* Effect.flip(Stream.runDrain(response.stream))
      assert.strictEqual(stream.reason, "Decode")
    }).pipe(unobserved, Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("that redirect are handed over", () =>
    Effect.gen(function* () {
      const server = yield* serve((request, response) => {
        assert.strictEqual(request.url, "/from")
        response.writeHead(307, { location: "/to" }).end("moved")
      })
      const response = yield* send(HttpClientRequest.post(`${server.url}/from`))
      assert.strictEqual(response.status, 307)
      assert.strictEqual(response.headers["location"], "/to")
      assert.strictEqual(yield* response.text, "moved")
    }).pipe(unobserved, Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("are preceded by any number of 1xx", () =>
    Effect.gen(function* () {
      const server = yield* serve((_, response) => {
        response.writeProcessing()
        response.writeEarlyHints({ link: "</a>; rel=preload" }, () =>
          turns(20).then(() => response.end("after"))
        )
      })
      const response = yield* send(HttpClientRequest.get(server.url))
      assert.strictEqual(response.status, 200)
      assert.strictEqual(yield* response.text, "after")
    }).pipe(unobserved, Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("print their request and status, and the body that has arrived", () =>
    Effect.gen(function* () {
      const response = yield* answer(`{"a":1}`, { "content-type": "application/json" })
      const printed = JSON.stringify(response)
      assert.include(printed, `"status":201`)
      assert.include(printed, `"body":{"a":1}`)
    }).pipe(unobserved, Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )
})

describe.each(transports)("failures, $name", ({ layer, region }) => {
  const reads: ReadonlyArray<
    readonly [
      string,
      (
        response: HttpClientResponse.HttpClientResponse
      ) => Effect.Effect<unknown, HttpClientError.HttpClientError>
    ]
  > = [
    ["text", (response) => response.text],
    ["json", (response) => response.json],
    ["arrayBuffer", (response) => response.arrayBuffer],
    ["stream", (response) => Stream.runDrain(response.stream)]
  ]

  it.live("a connection refused is a RequestError", () =>
    Effect.gen(function* () {
      const { url } = yield* Effect.scoped(serve(echo))
      const error = yield* Effect.flip(send(HttpClientRequest.get(url)))
      assert.strictEqual(error._tag, "RequestError")
      assert.strictEqual(error.reason, "Transport")
    }).pipe(region, Effect.provide(layer))
  )

  it.live("a reset before the head is a RequestError", () =>
    Effect.gen(function* () {
      const server = yield* serve((request) => request.socket.resetAndDestroy())
      const error = yield* Effect.flip(send(HttpClientRequest.get(server.url)))
      assert.strictEqual(error._tag, "RequestError")
      assert.strictEqual(error.reason, "Transport")
    }).pipe(region, Effect.provide(layer), Effect.scoped)
  )

  it.live.each(reads)("a reset in the body is a ResponseError of %s", ([, read]) =>
    Effect.gen(function* () {
      const server = yield* serve((request, response) => {
        response.writeHead(200, { "content-length": 100 })
        response.write("half", () => setImmediate(() => request.socket.resetAndDestroy()))
      })
      const response = yield* send(HttpClientRequest.get(server.url))
      assert.strictEqual(response.status, 200)
      const error = yield* Effect.flip(read(response))
      assert.strictEqual(error._tag, "ResponseError")
      assert.strictEqual(error.reason, "Decode")
    }).pipe(region, Effect.provide(layer), Effect.scoped)
  )

  it.live("an address that is none is a RequestError", () =>
    Effect.gen(function* () {
      const none = yield* Effect.flip(send(HttpClientRequest.get("http://[")))
      assert.strictEqual(none.reason, "InvalidUrl")
      const file = yield* Effect.flip(send(HttpClientRequest.get("file:///etc/hosts")))
      assert.strictEqual(file._tag, "RequestError")
    }).pipe(region, Effect.provide(layer))
  )

  it.live("a header that cannot be sent is a RequestError", () =>
    Effect.gen(function* () {
      const server = yield* serve(echo)
      const error = yield* Effect.flip(
        send(HttpClientRequest.get(server.url, { headers: { "x-bad": "line\nbreak" } }))
      )
      assert.strictEqual(error._tag, "RequestError")
      assert.strictEqual(server.sockets.size, 0)
    }).pipe(region, Effect.provide(layer), Effect.scoped)
  )

  it.live("interruption before the head breaks the request off", () =>
    Effect.gen(function* () {
      const server = yield* serve(() => {})
      const fiber = yield* Effect.fork(send(HttpClientRequest.get(server.url)))
      yield* server.arrived
      const exit = yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.isInterrupted(exit))
      yield* server.gone
    }).pipe(region, Effect.provide(layer), Effect.scoped)
  )

  it.live.each(reads)("interruption within the body breaks the request off, read as %s", ([, read]) =>
    Effect.gen(function* () {
      const server = yield* serve((_, response) =>
        response.writeHead(200, { "content-length": 100 }).write("half")
      )
      const response = yield* send(HttpClientRequest.get(server.url))
      const fiber = yield* Effect.fork(read(response))
      yield* Effect.yieldNow()
      const exit = yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.isInterrupted(exit))
      yield* server.gone
    }).pipe(region, Effect.provide(layer), Effect.scoped)
  )

  it.live("closing the layer's scope ends what is under way and closes the connections", () =>
    Effect.gen(function* () {
      const server = yield* serve((request, response) =>
        request.url === "/hang" ? undefined : response.end("fine")
      )
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(Layer.fresh(layer), scope)
      const client = yield* HttpClient.HttpClient.pipe(Effect.provide(context))
      yield* Effect.flatMap(client.get(`${server.url}/`), (response) => response.text)
      assert.strictEqual(server.sockets.size, 1)
      const [socket] = server.sockets
      const closed = new Promise((resolve) => socket?.on("close", resolve))
      const fiber = yield* Effect.fork(Effect.flip(client.get(`${server.url}/hang`)))
      yield* Effect.yieldNow()
      yield* Scope.close(scope, Exit.void)
      yield* Effect.promise(() => closed)
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "RequestError")
      assert.strictEqual((yield* Effect.flip(client.get(`${server.url}/`)))._tag, "RequestError")
    }).pipe(region, Effect.scoped)
  )
})

it.live("a dispatcher that throws fails the request", () =>
  Effect.gen(function* () {
    class Broken extends Dispatcher {
      override dispatch(): boolean {
        throw new Error("out of order")
      }
    }
    const error = yield* Effect.flip(ClerkUndici.make(new Broken()).get("http://127.0.0.1/"))
    assert.strictEqual(error._tag, "RequestError")
    assert.strictEqual(error.reason, "Transport")
  }).pipe(unobserved)
)

describe("connections", () => {
  const oneConnection = ClerkUndici.layer({ connections: 1 })

  it.live("are used again, also when nobody reads the body", () =>
    Effect.gen(function* () {
      const seen = new Set<Socket>()
      const server = yield* serve((request, response) => {
        seen.add(request.socket)
        response.end("x".repeat(30_000))
      })
      for (let index = 0; index < 5; index++) {
        const response = yield* send(HttpClientRequest.get(server.url))
        assert.strictEqual(response.status, 200)
      }
      assert.strictEqual(seen.size, 1)
    }).pipe(unobserved, Effect.provide(oneConnection), Effect.scoped)
  )

  it.live("are freed by interruption for those who wait", () =>
    Effect.gen(function* () {
      let requests = 0
      const server = yield* serve((_, response) => (requests++ === 0 ? undefined : response.end("served")))
      const first = yield* Effect.fork(send(HttpClientRequest.get(server.url)))
      yield* server.arrived
      const second = yield* Effect.fork(send(HttpClientRequest.get(server.url)))
      const third = yield* Effect.fork(
        Effect.flatMap(send(HttpClientRequest.get(server.url)), (response) => response.text)
      )
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(second)
      yield* Fiber.interrupt(first)
      assert.strictEqual(yield* Fiber.join(third), "served")
      assert.strictEqual(requests, 2)
    }).pipe(unobserved, Effect.provide(oneConnection), Effect.scoped)
  )

  const piece = new Uint8Array(1_000_000)

  /** Answers with up to a gigabyte as fast as it is taken. */
  const flood = (length: number) => {
    const state = { offered: 0 }
    return Effect.map(
      serve((_, response) => {
        const offer = (): void => {
          while (state.offered < length) {
            state.offered += piece.length
            if (!response.write(piece)) return void response.once("drain", offer)
          }
          response.end()
        }
        offer()
      }),
      (server) => ({ ...server, state })
    )
  }

  it.live("make the server wait while nobody reads, and break off when the reader has enough", () =>
    Effect.gen(function* () {
      const server = yield* flood(1_000_000_000)
      const response = yield* send(HttpClientRequest.get(server.url))
      yield* Effect.promise(() => turns(500))
      const size = yield* response.stream.pipe(
        Stream.mapAccum(0, (size, chunk) => [size + chunk.length, size + chunk.length] as const),
        Stream.takeUntil((size) => size > 3_000_000),
        Stream.runLast
      )
      assert.isAbove(Option.getOrThrow(size), 3_000_000)
      yield* server.gone
      // The kernel's buffers have taken their share as well.
      assert.isBelow(server.state.offered, 50_000_000)
    }).pipe(unobserved, Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("go on when a body is read that has been waiting", () =>
    Effect.gen(function* () {
      const server = yield* flood(20_000_000)
      const response = yield* send(HttpClientRequest.get(server.url))
      yield* Effect.promise(() => turns(500))
      assert.isBelow(server.state.offered, 20_000_000)
      assert.strictEqual((yield* response.text).length, 20_000_000)
    }).pipe(unobserved, Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("carry several requests at once where `pipelining` allows it", () =>
    Effect.gen(function* () {
      let waiting: Array<ServerResponse> = []
      const server = yield* serve((_, response) => {
        waiting.push(response)
        if (waiting.length < 4) return
        for (const [index, response] of waiting.entries()) response.end(String(index))
        waiting = []
      })
      const text = Effect.flatMap(send(HttpClientRequest.get(server.url)), (response) => response.text)
      // The first request opens the connection alone; the others follow while it is not yet answered.
      const texts = yield* Effect.all([text, text, text, text], { concurrency: "unbounded" })
      deepStrictEqual(texts, ["0", "1", "2", "3"])
      assert.strictEqual(server.sockets.size, 1)
    }).pipe(unobserved, Effect.provide(ClerkUndici.layer({ connections: 1, pipelining: 4 })), Effect.scoped)
  )

  it.live("are closed under an answer that was dropped unread", () =>
    Effect.gen(function* () {
      const server = yield* serve((_, response) =>
        response.writeHead(200, { "content-length": 100 }).write("half")
      )
      yield* Effect.asVoid(send(HttpClientRequest.get(server.url)))
      setFlagsFromString("--expose-gc")
      // `gc` is a function in contexts made after the flag was set.
      const gc = runInNewContext("gc") as () => void
      yield* Effect.raceFirst(
        server.gone,
        Effect.forever(
          Effect.zipRight(
            Effect.sync(gc),
            Effect.promise(() => new Promise(setImmediate))
          )
        )
      )
    }).pipe(unobserved, Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )
})

describe("what the platform sees to", () => {
  it.live("the span and the trace headers of a request, unless they are switched off", () =>
    Effect.gen(function* () {
      const server = yield* serve(echo)
      const names: Array<string> = []
      const tracer = yield* Effect.tracer
      const recording = Tracer.make({
        span: (...args) => {
          names.push(args[0])
          return tracer.span(...args)
        },
        context: (run) => run()
      })
      const seen = yield* Effect.withTracer(sendEcho(HttpClientRequest.get(server.url)), recording)
      deepStrictEqual(names, ["http.client GET"])
      assert.isDefined(seen.headers["traceparent"])
      const plain = yield* sendEcho(HttpClientRequest.get(server.url)).pipe(
        Effect.withTracer(recording),
        Effect.locally(HttpClient.currentTracerDisabledWhen, () => true)
      )
      deepStrictEqual(names, ["http.client GET"])
      assert.isUndefined(plain.headers["traceparent"])
    }).pipe(Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("the scope of a request made by `withScope`", () =>
    Effect.gen(function* () {
      const server = yield* serve((_, response) =>
        response.writeHead(200, { "content-length": 100 }).write("half")
      )
      const client = HttpClient.withScope(yield* HttpClient.HttpClient)
      const response = yield* Effect.scoped(client.get(server.url))
      assert.strictEqual(response.status, 200)
      yield* server.gone
    }).pipe(unobserved, Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )

  it.live("preprocessing and the tag's own functions", () =>
    Effect.gen(function* () {
      const server = yield* serve(echo)
      const client = (yield* HttpClient.HttpClient).pipe(
        HttpClient.mapRequest(HttpClientRequest.prependUrl(server.url)),
        HttpClient.filterStatusOk
      )
      const response = yield* client.post("/path", { body: HttpBody.text("body") })
      assert.include(yield* response.text, `"url":"/path"`)
    }).pipe(unobserved, Effect.provide(ClerkUndici.layer()), Effect.scoped)
  )
})
