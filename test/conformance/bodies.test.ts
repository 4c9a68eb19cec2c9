/** Responses that the client has read, keeps, shares or makes itself. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import { Effect, Fiber, Stream } from "effect"

import {
  conform,
  failing,
  hangInBody,
  honest,
  interruptAfter,
  latched,
  reset,
  resetInBody,
  respond,
  session
} from "./harness.js"
import type { Respond, Row } from "./harness.js"
import { Reset } from "./server.js"

const gets = (count: number) => Array<string>(count).fill("GET /v1/sessions/sess_1")

/** Two parts, cut in the middle of a character. */
const inTwoParts: Respond = () => {
  const text = session("sess_1").replace("user_1", "user_ü")
  return Effect.succeed({ body: text.slice(0, 60), rest: Effect.succeed(text.slice(60)) })
}

conform("clients that read the response", [
  {
    name: "a tap that reads text first",
    respond: [honest],
    client: (base, { note }) =>
      HttpClient.tap(base, ({ text }) => Effect.flatMap(text, (text) => note("read", text.length > 100))),
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "sess_1", requests: gets(1), events: [["read", true]] }
  },
  {
    name: "a tap that reads text first, of a create",
    respond: [honest],
    client: HttpClient.tap(({ text }) => text),
    run: (stage) => stage.create("user_1"),
    expect: { outcome: "sess_new", requests: ["POST /v1/sessions"] }
  },
  {
    name: "a tap that reads text first, of a failure",
    respond: [failing(404)],
    client: HttpClient.tap(({ text }) => text),
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "fails: NotFound", requests: gets(1) }
  },
  {
    name: "a tap that reads json first",
    respond: [honest],
    client: HttpClient.tap(({ json }) => json),
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "sess_1", requests: gets(1) }
  },
  {
    name: "a tap that reads text first, of a body in two parts",
    respond: [inTwoParts],
    client: HttpClient.tap(({ text }) => text),
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "sess_1", requests: gets(1) }
  },
  {
    name: "a tap that reads text first, of an empty body",
    respond: [respond({ body: "" })],
    client: HttpClient.tap(({ text }) => text),
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "fails: DecodeError", requests: gets(1) }
  },
  {
    name: "a tap that reads text first, of a body that breaks off",
    respond: [resetInBody, honest],
    client: HttpClient.tap(({ text }) => Effect.ignore(text)),
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "sess_1", requests: gets(2) }
  },
  {
    name: "a tap that reads as a daemon, at the same time",
    respond: [inTwoParts],
    client: (base, { note }) =>
      HttpClient.tap(base, ({ text }) =>
        Effect.forkDaemon(
          Effect.matchCauseEffect(text, {
            onSuccess: (text) => note("read", text.length > 100),
            onFailure: () => note("unreadable")
          })
        )
      ),
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "sess_1", requests: gets(1), events: [["read", true]] }
  },
  {
    name: "a tap that reads as a daemon that has begun before the call reads",
    respond: [latched(inTwoParts)],
    client: (base) =>
      HttpClient.tap(base, ({ text }) => Effect.zipRight(Effect.forkDaemon(text), Effect.yieldNow())),
    run: (stage) => Effect.zipRight(stage.latch.open, stage.get("sess_1")),
    expect: { outcome: "sess_1", requests: gets(1) }
  },
  {
    name: "a tap that reads on a child fiber",
    respond: [honest],
    client: HttpClient.tap(({ text }) => Effect.fork(text)),
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "sess_1", requests: gets(1) }
  },
  {
    name: "a logger that reads after the call",
    respond: [honest],
    client: (base, stage) =>
      HttpClient.tap(base, ({ text }) =>
        Effect.forkDaemon(
          Effect.zipRight(
            stage.latch.await,
            Effect.matchCauseEffect(text, {
              onSuccess: (text) => stage.note("read", text.length > 100),
              onFailure: () => stage.note("unreadable")
            })
          )
        )
      ),
    run: (stage) =>
      Effect.gen(function* () {
        yield* stage.note(yield* stage.get("sess_1"))
        yield* stage.latch.open
        yield* stage.server.settle(0)
      }),
    expect: { events: ["sess_1", ["read", true]] }
  },
  {
    name: "a logger that reads after a failure",
    respond: [failing(404)],
    client: (base, stage) =>
      HttpClient.tap(base, ({ text }) =>
        Effect.forkDaemon(
          Effect.zipRight(
            stage.latch.await,
            Effect.matchCauseEffect(text, {
              onSuccess: (text) => stage.note("read", text.includes("refused")),
              onFailure: () => stage.note("unreadable")
            })
          )
        )
      ),
    run: (stage) =>
      Effect.gen(function* () {
        yield* stage.noteOutcome("got", stage.get("sess_1"))
        yield* stage.latch.open
        yield* stage.server.settle(0)
      }),
    expect: {
      events: [
        ["got", "fails: NotFound"],
        ["read", true]
      ]
    }
  },
  ...(["arrayBuffer", "stream"] as const).map((form): Row => ({
    name: `a tap that reads ${form} first gets what the platform gives to a second reader`,
    over: ["memory", "fetch", "undici"],
    respond: [honest],
    client: HttpClient.tap((response) =>
      form === "stream" ? Stream.runDrain(response.stream) : response.arrayBuffer
    ),
    run: (stage) => stage.get("sess_1"),
    expect: {}
  }))
])

/** Keeps the first response to every URL. */
const caching: NonNullable<Row["client"]> = (base) => {
  const kept = new Map<string, HttpClientResponse.HttpClientResponse>()
  return HttpClient.transform(base, (effect, request) =>
    Effect.suspend(() => {
      const known = kept.get(request.url)
      if (known !== undefined) return Effect.succeed(known)
      return Effect.tap(effect, (response) => Effect.sync(() => kept.set(request.url, response)))
    })
  )
}

/** One `Effect.cached` execution for everybody who asks for the same URL. */
const sharing: NonNullable<Row["client"]> = (base) => {
  const shared = new Map<
    string,
    Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>
  >()
  return HttpClient.transform(base, (effect, request) =>
    Effect.suspend(() => {
      const known = shared.get(request.url)
      if (known !== undefined) return known
      const cached = Effect.runSync(Effect.cached(effect))
      shared.set(request.url, cached)
      return cached
    })
  )
}

const wrapped = (
  base: HttpClient.HttpClient,
  wrap: (response: HttpClientResponse.HttpClientResponse) => HttpClientResponse.HttpClientResponse
) => HttpClient.transformResponse(base, Effect.map(wrap))

/** Hides what the platform's responses are made of. */
const publicInterface = (response: HttpClientResponse.HttpClientResponse) => {
  const keys =
    "status headers cookies remoteAddress request text json arrayBuffer urlParamsBody formData stream"
  const visible = {
    [HttpClientResponse.TypeId]: HttpClientResponse.TypeId,
    [HttpIncomingMessage.TypeId]: HttpIncomingMessage.TypeId
  }
  for (const key of keys.split(" ")) {
    Object.defineProperty(visible, key, { configurable: true, get: () => Reflect.get(response, key) })
  }
  // Has all of them now.
  return visible as HttpClientResponse.HttpClientResponse
}

conform("clients that keep, share or replace the response", [
  {
    name: "a cache: the second call reads the response of the first",
    respond: [honest],
    client: caching,
    run: (stage) => Effect.all([stage.get("sess_1"), stage.get("sess_1")]),
    expect: { outcome: ["sess_1", "sess_1"], requests: gets(1) }
  },
  {
    name: "a cache: the second call reads a failure of the first",
    respond: [failing(404)],
    client: caching,
    run: (stage) =>
      Effect.all([
        stage.noteOutcome("first", stage.get("sess_1")),
        stage.noteOutcome("second", stage.get("sess_1"))
      ]),
    expect: {
      requests: gets(1),
      events: [
        ["first", "fails: NotFound"],
        ["second", "fails: NotFound"]
      ]
    }
  },
  {
    name: "a cache of a response in two parts",
    respond: [inTwoParts],
    client: caching,
    run: (stage) => Effect.all([stage.get("sess_1"), stage.get("sess_1")]),
    expect: { outcome: ["sess_1", "sess_1"], requests: gets(1) }
  },
  {
    name: "a cache, read by two calls at once",
    respond: [inTwoParts],
    client: caching,
    run: (stage) =>
      Effect.zipRight(
        stage.get("sess_1"),
        Effect.all([stage.get("sess_1"), stage.get("sess_1")], { concurrency: 2 })
      ),
    expect: { outcome: ["sess_1", "sess_1"], requests: gets(1) }
  },
  {
    name: "Effect.cached: one response for two calls at once",
    respond: [latched(honest)],
    client: sharing,
    run: (stage) =>
      Effect.gen(function* () {
        const first = yield* Effect.fork(stage.get("sess_1"))
        const second = yield* Effect.fork(stage.get("sess_1"))
        yield* stage.latch.open
        return [yield* Fiber.join(first), yield* Fiber.join(second)]
      }),
    expect: { outcome: ["sess_1", "sess_1"], requests: gets(1) }
  },
  {
    name: "Effect.cached: one response in two parts for two calls at once",
    respond: [latched(inTwoParts)],
    client: sharing,
    run: (stage) =>
      Effect.gen(function* () {
        const first = yield* Effect.fork(stage.get("sess_1"))
        const second = yield* Effect.fork(stage.get("sess_1"))
        yield* stage.latch.open
        return [yield* Fiber.join(first), yield* Fiber.join(second)]
      }),
    expect: { outcome: ["sess_1", "sess_1"], requests: gets(1) }
  },
  {
    name: "one response for two calls: the interruption of one within the body ends the other's too, as for text",
    respond: [hangInBody, honest],
    client: (base, stage) => HttpClient.tap(sharing(base, stage), () => stage.headers.open),
    run: (stage) =>
      Effect.gen(function* () {
        const first = yield* Effect.fork(stage.get("sess_1"))
        yield* stage.headers.await
        yield* Effect.repeatN(Effect.yieldNow(), 10)
        const second = yield* Effect.fork(Effect.exit(stage.get("sess_1")))
        yield* Effect.repeatN(Effect.yieldNow(), 10)
        yield* Fiber.interrupt(first)
        yield* stage.server.settle(0)
        const exit = second.unsafePoll()
        yield* stage.note("the other is over", exit !== null)
        yield* Fiber.interrupt(second)
      }),
    expect: { aborted: 1, inFlight: 0 }
  },
  {
    name: "a response that gives another text",
    over: ["memory", "fetch", "effect-clerk/undici"],
    respond: [honest],
    client: (base) =>
      wrapped(base, (response) =>
        Object.create(response, {
          text: { get: () => Effect.map(response.text, (text) => text.replace("sess_1", "sess_rewritten")) },
          json: {
            get: () => Effect.map(response.json, (json) => ({ ...Object(json), id: "sess_rewritten" }))
          },
          stream: {
            get: () =>
              Stream.encodeText(
                Stream.fromEffect(
                  Effect.map(response.text, (text) => text.replace("sess_1", "sess_rewritten"))
                )
              )
          }
        })
      ),
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "sess_rewritten" }
  },
  {
    name: "a Proxy of a response that gives another text",
    over: ["memory", "fetch", "effect-clerk/undici"],
    respond: [honest],
    client: (base) =>
      wrapped(
        base,
        (response) =>
          new Proxy(response, {
            get: (target, key) =>
              key === "text"
                ? Effect.map(target.text, (text) => text.replace("sess_1", "sess_rewritten"))
                : key === "json"
                  ? Effect.map(target.json, (json) => ({ ...Object(json), id: "sess_rewritten" }))
                  : Reflect.get(target, key, target)
          })
      ),
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "sess_rewritten" }
  },
  {
    name: "a Proxy of a response that gives another status",
    over: ["memory", "fetch", "effect-clerk/undici"],
    respond: [honest],
    client: (base) =>
      wrapped(
        base,
        (response) =>
          new Proxy(response, {
            get: (target, key) => (key === "status" ? 404 : Reflect.get(target, key, target))
          })
      ),
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "fails: NotFound", inFlight: 0 }
  },
  ...(
    [
      ["honest", honest, "sess_1", 1],
      ["in two parts", inTwoParts, "sess_1", 1],
      ["that breaks off", resetInBody, "fails: TransportError", 3],
      ["that is empty", respond({ body: "" }), "fails: DecodeError", 1],
      ["of a failure", failing(404), "fails: NotFound", 1],
      ["that is null", respond({ status: 204 }), "fails: DecodeError", 1]
    ] as const
  ).map(([what, response, outcome, requests]): Row => ({
    name: `a response with the public interface only, and a body ${what}`,
    over: ["memory", "effect-clerk/undici"],
    respond: [response],
    client: (base) => wrapped(base, publicInterface),
    run: (stage) => stage.get("sess_1"),
    expect: { outcome, requests: gets(requests), inFlight: 0 }
  })),
  {
    name: "a response with the public interface only is interrupted within its body",
    respond: [hangInBody],
    client: (base, stage) => HttpClient.tap(wrapped(base, publicInterface), () => stage.headers.open),
    run: (stage) => interruptAfter(stage, stage.headers.await, stage.get("sess_1")),
    expect: { outcome: "interrupted", aborted: 1, inFlight: 0 }
  },
  {
    name: "a response with the public interface only, kept and read again",
    over: ["memory", "effect-clerk/undici"],
    respond: [inTwoParts],
    client: (base, stage) => caching(wrapped(base, publicInterface), stage),
    run: (stage) => Effect.all([stage.get("sess_1"), stage.get("sess_1")]),
    expect: { outcome: ["sess_1", "sess_1"], requests: gets(1) }
  },
  {
    name: "a response whose text fails",
    over: ["memory"],
    respond: [honest],
    client: (base) =>
      wrapped(base, (response) => {
        const failure = Effect.fail(
          new HttpClientError.ResponseError({ request: response.request, response, reason: "Decode" })
        )
        return Object.create(response, {
          text: { value: failure },
          json: { value: failure },
          stream: { value: Stream.fromEffect(failure) }
        })
      }),
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "fails: TransportError", requests: gets(3) }
  },
  {
    name: "a response whose text dies",
    over: ["memory"],
    respond: [honest],
    client: (base) =>
      wrapped(base, (response) =>
        Object.create(response, {
          text: { value: Effect.die("broken body") },
          json: { value: Effect.die("broken body") },
          stream: { value: Stream.die("broken body") }
        })
      ),
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "dies: broken body", requests: gets(1) }
  },
  {
    name: "a client that tees the body and reads one half",
    over: ["memory", "fetch"],
    respond: [inTwoParts],
    client: (base, { note }) => {
      const tee = (request: HttpClientRequest.HttpClientRequest, web: Response) =>
        Effect.gen(function* () {
          const copy = web.clone()
          yield* Effect.forkDaemon(
            Effect.flatMap(
              Effect.promise(() => copy.text()),
              (text) => note("copied", text.length > 100)
            )
          )
          return HttpClientResponse.fromWeb(request, web)
        })
      return HttpClient.transform(base, (effect, request) =>
        Effect.flatMap(effect, (response) =>
          tee(request, new Response(Stream.toReadableStream(response.stream), { status: response.status }))
        )
      )
    },
    run: (stage) => Effect.tap(stage.get("sess_1"), () => stage.server.settle(0)),
    expect: { outcome: "sess_1", inFlight: 0, events: [["copied", true]] }
  },
  {
    name: "a client that reads the body into memory and responds with it",
    respond: [inTwoParts],
    client: (base) =>
      HttpClient.transform(base, (effect, request) =>
        Effect.flatMap(effect, (response) =>
          Effect.map(response.arrayBuffer, (bytes) =>
            HttpClientResponse.fromWeb(request, new Response(bytes, { status: response.status }))
          )
        )
      ),
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "sess_1" }
  },
  {
    name: "a client that responds from memory and sends nothing",
    over: ["memory"],
    respond: [honest],
    client: (base) =>
      HttpClient.transform(base, (_, request) =>
        Effect.succeed(HttpClientResponse.fromWeb(request, new Response(session("sess_offline"))))
      ),
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "sess_offline", requests: [] }
  },
  {
    name: "a client that reads the headers only, twice",
    over: ["memory", "effect-clerk/undici"],
    respond: [respond({ body: session("sess_1"), headers: { "set-cookie": "a=1" } })],
    client: (base, { note }) =>
      HttpClient.tap(base, (response) =>
        note(response.headers["content-type"], Object.keys(response.cookies.cookies), response.status)
      ),
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "sess_1", events: [["application/json", ["a"], 200]] }
  },
  {
    name: "a client that prints the response",
    over: ["memory", "fetch", "undici", "effect-clerk/undici"],
    respond: [honest],
    client: HttpClient.tap((response) => Effect.sync(() => JSON.stringify(response))),
    run: (stage) => stage.get("sess_1"),
    expect: {}
  }
])

conform("bodies", [
  {
    name: "in two parts",
    respond: [inTwoParts],
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "sess_1", aborted: 0, inFlight: 0 }
  },
  {
    name: "an empty body",
    respond: [respond({ body: "" })],
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "fails: DecodeError", requests: gets(1) }
  },
  {
    name: "a 204",
    respond: [respond({ status: 204 })],
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "fails: DecodeError", requests: gets(1) }
  },
  {
    name: "a byte order mark",
    over: ["memory", "fetch", "undici", "effect-clerk/undici"],
    respond: [respond({ body: `\ufeff${session("sess_1")}` })],
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "sess_1" }
  },
  {
    name: "a byte order mark over node:http",
    over: ["node:http"],
    respond: [respond({ body: `\ufeff${session("sess_1")}` })],
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "fails: DecodeError" },
    differs: { why: "the mark is no part of the JSON over any transport", ours: { outcome: "sess_1" } }
  },
  {
    name: "a list of a thousand",
    over: ["memory", "fetch", "effect-clerk/undici", "node:http", "undici"],
    respond: [
      respond({ body: `[${Array.from({ length: 1000 }, (_, index) => session(`sess_${index}`)).join()}]` })
    ],
    run: (stage) => Effect.map(stage.list("user_1"), ({ length }) => length),
    expect: { outcome: 1000, inFlight: 0, aborted: 0 }
  },
  {
    name: "resets before the headers are repeated",
    respond: [reset, reset, honest],
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "sess_1" }
  },
  {
    name: "resets within the body are repeated",
    respond: [resetInBody, resetInBody, honest],
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "sess_1", requests: gets(3) }
  },
  {
    name: "resets within the body of an error",
    respond: [() => Effect.succeed({ status: 404, body: "{", rest: Effect.fail(new Reset()) }), failing(404)],
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "fails: NotFound", requests: gets(2) }
  },
  {
    name: "an error longer than 64 KiB",
    respond: [() => Effect.succeed({ status: 503, body: "x".repeat(200_000), rest: Effect.never }), honest],
    client: (base, { headers }) => HttpClient.tap(base, () => headers.open),
    timeout: "1 hour",
    run: (stage) =>
      interruptAfter(
        stage,
        Effect.zipRight(stage.headers.await, stage.server.settle(0)),
        stage.get("sess_1")
      ),
    expect: { outcome: "interrupted", aborted: 1, requests: gets(1) },
    differs: {
      why: "an error is read up to 64 KiB, and the rest given up",
      ours: { outcome: "sess_1", aborted: 1, requests: gets(2) }
    }
  }
])
