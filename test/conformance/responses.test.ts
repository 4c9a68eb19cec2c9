/** Responses that the client keeps, shares or makes itself. */
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
  resetInBody,
  respond,
  session
} from "./harness.js"
import type { Respond, Row } from "./harness.js"

const gets = (count: number) => Array<string>(count).fill("GET /v1/sessions/sess_1")

/** Two parts, cut in the middle of a character. */
const inTwoParts: Respond = () => {
  const text = session("sess_1").replace("user_1", "user_ü")
  return Effect.succeed({ body: text.slice(0, 60), rest: Effect.succeed(text.slice(60)) })
}

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
