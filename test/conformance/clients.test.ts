/** Clients of every kind: whatever `execute` does is what is done. */
import * as Cookies from "@effect/platform/Cookies"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { Cause, Effect, Fiber, Ref, Schedule, Scope, TestClock } from "effect"

import {
  arrived,
  conform,
  failing,
  hang,
  hangInBody,
  honest,
  inFlight,
  interruptAfter,
  respond,
  session,
  tellingHeaders
} from "./harness.js"
import type { Respond, Row, Stage } from "./harness.js"

/** More than sockets buffer: it stays in flight until the client gives it up or has read it. */
const bigFailure: Respond = respond({ status: 503, body: new Uint8Array(8 * 1024 * 1024) })

/** A client that gives up after two seconds, and then repeats. */
const impatient: NonNullable<Row["client"]> = (base) =>
  base.pipe(
    HttpClient.transform((response, request) =>
      Effect.timeoutFail(response, {
        duration: "2 seconds",
        onTimeout: () => new HttpClientError.RequestError({ request, reason: "Transport" })
      })
    ),
    HttpClient.retry(Schedule.recurs(3))
  )

/** Lets the client's time pass when so many requests have arrived. */
const passTime = (stage: Stage, requests: number) =>
  Effect.zipRight(arrived(stage, requests), TestClock.adjust("2 seconds"))

const bare = (execute: (request: HttpClientRequest.HttpClientRequest) => unknown) =>
  // As a program without types would pass it, or one that mocks no more than it needs.
  ({ execute }) as unknown as HttpClient.HttpClient

conform("clients with their own patience", [
  {
    name: "a client with timeoutFail and retry leaves nothing in flight after success",
    clock: "test",
    respond: [hang, honest],
    client: impatient,
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(stage.get("sess_1"))
        yield* passTime(stage, 1)
        return yield* Fiber.join(fiber)
      }),
    expect: { outcome: "sess_1", aborted: 1, inFlight: 0 }
  },
  {
    name: "a client with timeoutFail and retry does not use up a pool of two connections",
    over: ["undici", "node:http", "effect-clerk/undici"],
    clock: "test",
    connections: 2,
    respond: [hang, honest, hang, honest, honest],
    client: impatient,
    run: (stage) =>
      Effect.gen(function* () {
        const first = yield* Effect.fork(stage.noteOutcome("first", stage.get("a")))
        yield* passTime(stage, 1)
        yield* Fiber.join(first)
        const second = yield* Effect.fork(stage.noteOutcome("second", stage.get("b")))
        yield* passTime(stage, 3)
        yield* Fiber.join(second)
        yield* stage.noteOutcome("third", stage.get("c"))
      }),
    expect: {
      aborted: 2,
      inFlight: 0,
      events: [
        ["first", "a"],
        ["second", "b"],
        ["third", "c"]
      ]
    }
  },
  {
    name: "a client that hedges by Effect.race leaves nothing in flight after success",
    respond: [hang, honest],
    client: (base, stage) =>
      HttpClient.transform(base, (effect) => Effect.race(effect, Effect.zipRight(arrived(stage, 1), effect))),
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "sess_1", aborted: 1, inFlight: 0 }
  },
  {
    name: "a client that hedges by raceFirst while the loser is within its body",
    respond: [hangInBody, honest],
    client: (base, stage) =>
      HttpClient.transform(base, (effect) =>
        Effect.raceFirst(
          Effect.tap(effect, (response) => Effect.zipRight(stage.headers.open, response.text)),
          Effect.zipRight(stage.headers.await, effect)
        )
      ),
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "sess_1", aborted: 1, inFlight: 0 }
  },
  {
    name: "a client that hedges twice does not use up a pool of two connections",
    over: ["undici", "node:http", "effect-clerk/undici"],
    connections: 2,
    respond: [
      (seen, latch) => (seen.index % 2 === 1 && seen.index < 5 ? hang(seen, latch) : honest(seen, latch))
    ],
    client: (base, stage) =>
      HttpClient.transform(base, (effect) =>
        Effect.suspend(() => {
          const next = stage.server.counters.arrived + 1
          return next > 4 ? effect : Effect.race(effect, Effect.zipRight(arrived(stage, next), effect))
        })
      ),
    run: (stage) =>
      Effect.gen(function* () {
        yield* stage.noteOutcome("first", stage.get("a"))
        yield* stage.noteOutcome("second", stage.get("b"))
        yield* stage.noteOutcome("third", stage.get("c"))
      }),
    expect: {
      aborted: 2,
      inFlight: 0,
      events: [
        ["first", "a"],
        ["second", "b"],
        ["third", "c"]
      ]
    }
  },
  {
    name: "retryTransient over 503s of 8 MB leaves no socket stuck",
    over: ["fetch", "undici", "node:http", "effect-clerk/undici"],
    collectGarbage: true,
    respond: [bigFailure, bigFailure, honest],
    client: (base) => HttpClient.retryTransient(base, { times: 3 }),
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "sess_1", inFlight: 0, requests: Array<string>(3).fill("GET /v1/sessions/sess_1") }
  },
  {
    name: "retryTransient repeats a create, as everywhere",
    respond: [failing(503), honest],
    client: (base) => HttpClient.retryTransient(base, { times: 3 }),
    run: (stage) => stage.create("user_1"),
    expect: { outcome: "sess_new", requests: ["POST /v1/sessions", "POST /v1/sessions"] }
  },
  {
    name: "a client that waits after the headers is interrupted there",
    // The response that nobody reads is aborted when it is collected.
    over: ["fetch", "undici", "node:http", "effect-clerk/undici"],
    respond: [hangInBody],
    client: (base, { headers }) => HttpClient.tap(base, () => Effect.zipRight(headers.open, Effect.never)),
    collectGarbage: true,
    run: (stage) => interruptAfter(stage, stage.headers.await, stage.get("sess_1")),
    expect: { outcome: "interrupted", aborted: 1, inFlight: 0 }
  }
])

conform(
  "clients that judge the status",
  [
    ...(
      [
        [401, "Unauthorized", 1],
        [404, "NotFound", 1],
        [422, "ClerkErrors", 1],
        [429, "RateLimited", 3],
        [503, "ApiError", 3]
      ] as const
    ).map(([status, tag, requests]): Row => ({
      name: `filterStatusOk: a ${status} is ${tag}`,
      over:
        status === 404 || status === 503
          ? ["fetch", "undici", "node:http", "effect-clerk/undici", "memory"]
          : ["memory"],
      respond: [failing(status)],
      client: HttpClient.filterStatusOk,
      run: (stage) => stage.get("sess_1"),
      expect: {
        outcome: `fails: ${tag}`,
        inFlight: 0,
        requests: Array<string>(requests).fill("GET /v1/sessions/sess_1")
      }
    })),
    {
      name: "filterStatusOk: a 404 after a 503",
      respond: [failing(503), failing(404)],
      client: HttpClient.filterStatusOk,
      run: (stage) => stage.get("sess_1"),
      expect: { outcome: "fails: NotFound" }
    },
    {
      name: "filterStatus that refuses a 200",
      respond: [honest],
      client: (base) => HttpClient.filterStatus(base, (status) => status === 201),
      run: (stage) => stage.get("sess_1"),
      expect: { outcome: "sess_1" }
    },
    {
      name: "filterStatusOk and a body that hangs: interruption aborts it",
      respond: [() => Effect.succeed({ status: 404, body: "{", rest: Effect.never })],
      client: (base, stage) => HttpClient.filterStatusOk(tellingHeaders(base, stage)),
      run: (stage) => interruptAfter(stage, stage.headers.await, stage.get("sess_1")),
      expect: { outcome: "interrupted", aborted: 1, inFlight: 0 }
    },
    {
      name: "a client that catches a ResponseError and responds itself",
      respond: [failing(404)],
      client: (base) =>
        HttpClient.catchTag(HttpClient.filterStatusOk(base), "ResponseError", ({ request }) =>
          Effect.succeed(HttpClientResponse.fromWeb(request, new Response(session("sess_caught"))))
        ),
      run: (stage) => stage.get("sess_1"),
      expect: { outcome: "sess_caught" }
    },
    {
      name: "a client that catches everything",
      respond: [failing(503)],
      client: (base) =>
        HttpClient.catchAll(HttpClient.filterStatusOk(base), ({ request }) =>
          Effect.succeed(HttpClientResponse.fromWeb(request, new Response(session("sess_caught"))))
        ),
      run: (stage) => stage.get("sess_1"),
      expect: { outcome: "sess_caught", requests: ["GET /v1/sessions/sess_1"] }
    },
    {
      name: "filterOrElse gives another response",
      over: ["memory"],
      respond: [failing(404)],
      client: (base) =>
        HttpClient.filterOrElse(
          base,
          ({ status }) => status === 200,
          ({ request }) =>
            Effect.succeed(HttpClientResponse.fromWeb(request, new Response(session("sess_other"))))
        ),
      run: (stage) => stage.get("sess_1"),
      expect: { outcome: "sess_other" }
    },
    {
      name: "filterOrFail with a ResponseError of reason Decode",
      over: ["memory"],
      respond: [failing(404)],
      client: (base) =>
        HttpClient.filterOrFail(
          base,
          ({ status }) => status === 200,
          (response) =>
            new HttpClientError.ResponseError({ request: response.request, response, reason: "Decode" })
        ),
      run: (stage) => stage.get("sess_1"),
      expect: { outcome: "fails: TransportError", requests: Array<string>(3).fill("GET /v1/sessions/sess_1") }
    }
  ],
  ["memory", "node:http", "effect-clerk/undici"]
)

/** Gives each request a scope that nobody closes. */
const scopedForGood: NonNullable<Row["client"]> = (base) =>
  HttpClient.transformResponse(HttpClient.withScope(base), (effect) =>
    Effect.flatMap(Scope.make(), (scope) => Effect.provideService(effect, Scope.Scope, scope))
  )

conform("clients that are transformed", [
  {
    name: "mapRequest, mapRequestInput, mapRequestEffect, mapRequestInputEffect and tapRequest, in their order",
    over: ["memory", "effect-clerk/undici", "fetch"],
    respond: [honest],
    client: (base, { note }) =>
      base.pipe(
        HttpClient.mapRequest(HttpClientRequest.setHeader("x-order", "a")),
        HttpClient.mapRequestEffect((request) =>
          Effect.as(
            note("second", request.headers["x-order"]),
            HttpClientRequest.setHeader(request, "x-order", "b")
          )
        ),
        HttpClient.mapRequestInput(HttpClientRequest.setHeader("x-order", "0")),
        HttpClient.mapRequestInputEffect((request) =>
          Effect.as(note("first", request.headers["x-order"] ?? "none"), request)
        ),
        HttpClient.tapRequest((request) => note("last", request.headers["x-order"]))
      ),
    run: (stage) =>
      Effect.zipRight(
        stage.get("sess_1"),
        Effect.suspend(() => stage.note("sent", stage.server.requests[0]?.headers["x-order"]))
      ),
    expect: {
      events: [
        ["first", "none"],
        ["second", "a"],
        ["last", "b"],
        ["sent", "b"]
      ]
    }
  },
  {
    name: "a client that rewrites the path",
    respond: [honest],
    client: HttpClient.mapRequest((request) =>
      HttpClientRequest.setUrl(request, request.url.replace("/v1/", "/proxied/v1/"))
    ),
    run: (stage) => stage.noteOutcome("got", stage.get("sess_1")),
    expect: { requests: ["GET /proxied/v1/sessions/sess_1"] }
  },
  {
    name: "a transform that replaces the request: an interruption within the body aborts",
    respond: [hangInBody],
    client: (base, { headers }) =>
      HttpClient.makeWith<never, never, HttpClientError.HttpClientError, never>(
        (request) =>
          Effect.tap(
            Effect.flatMap(request, (request) =>
              base.execute(HttpClientRequest.setHeader(request, "x-new", "1"))
            ),
            () => headers.open
          ),
        Effect.succeed
      ),
    run: (stage) => interruptAfter(stage, stage.headers.await, stage.get("sess_1")),
    expect: { outcome: "interrupted", aborted: 1, inFlight: 0 }
  },
  {
    name: "followRedirects follows",
    respond: [respond({ status: 302, headers: { location: "/v1/sessions/moved" } }), honest],
    client: (base) => HttpClient.followRedirects(base),
    run: (stage) => stage.noteOutcome("got", stage.get("sess_1")),
    expect: { requests: ["GET /v1/sessions/moved", "GET /v1/sessions/sess_1"], events: [["got", "moved"]] },
    differs: {
      why: "a response that a client got by following a redirect is refused where it can be seen",
      ours: {}
    }
  },
  {
    name: "followRedirects: an interruption within the body aborts",
    respond: [respond({ status: 302, headers: { location: "/v1/sessions/moved" } }), hangInBody],
    client: (base, stage) => tellingHeaders(HttpClient.followRedirects(base), stage),
    run: (stage) => interruptAfter(stage, stage.headers.await, stage.get("sess_1")),
    expect: { outcome: "interrupted", aborted: 1, inFlight: 0 }
  },
  {
    name: "a client with options for fetch of its own does not follow a redirect, and keeps the others",
    over: ["fetch"],
    respond: [respond({ status: 302, headers: { location: "/v1/sessions/moved" } }), honest],
    client: HttpClient.transformResponse(
      Effect.provideService(FetchHttpClient.RequestInit, { headers: { "x-mine": "1" } })
    ),
    run: (stage) =>
      Effect.gen(function* () {
        yield* stage.noteOutcome("got", stage.get("sess_1"))
        yield* stage.note(stage.server.requests[0]?.headers["x-mine"])
      }),
    expect: {
      requests: ["GET /v1/sessions/moved", "GET /v1/sessions/sess_1"],
      events: [["got", "moved"], "1"]
    },
    differs: {
      why: "the secret key is not sent along a redirect, whatever options the client has",
      ours: { requests: ["GET /v1/sessions/sess_1"], events: [["got", "fails: ApiError"], "1"] }
    }
  },
  {
    name: "a client that gives RequestInit around the call",
    over: ["fetch"],
    respond: [honest],
    run: (stage) =>
      Effect.gen(function* () {
        yield* Effect.provideService(stage.get("sess_1"), FetchHttpClient.RequestInit, {
          headers: { "x-mine": "1" }
        })
        yield* stage.note(stage.server.requests[0]?.headers["x-mine"] ?? "lost")
      }),
    expect: { events: ["lost"] },
    differs: { why: "we add to the caller's options for fetch", ours: { events: ["1"] } }
  },
  {
    name: "tap, tapError and transformResponse run in order, once for each attempt",
    over: ["memory", "effect-clerk/undici"],
    respond: [failing(503), honest],
    client: (base, { note }) =>
      base.pipe(
        HttpClient.tap(({ status }) => note("tap", status)),
        HttpClient.filterStatusOk,
        HttpClient.tapError(({ reason }) => note("tapError", reason)),
        HttpClient.transformResponse(Effect.ensuring(note("transformResponse")))
      ),
    run: (stage) => stage.get("sess_1"),
    expect: {
      outcome: "sess_1",
      events: [
        ["tap", 503],
        ["tapError", "StatusCode"],
        "transformResponse",
        ["tap", 200],
        "transformResponse"
      ]
    }
  },
  {
    name: "withCookiesRef sends and keeps cookies",
    over: ["memory", "effect-clerk/undici", "node:http"],
    respond: [
      () => Effect.succeed({ body: session("sess_1"), headers: { "set-cookie": "a=1; Path=/" } }),
      honest
    ],
    client: (base) => HttpClient.withCookiesRef(base, Ref.unsafeMake(Cookies.empty)),
    run: (stage) =>
      Effect.gen(function* () {
        yield* stage.get("sess_1")
        yield* stage.get("sess_1")
        yield* stage.note(stage.server.requests.map(({ headers }) => headers["cookie"] ?? "none"))
      }),
    expect: { events: [["none", "a=1"]] }
  },
  {
    name: "withTracerPropagation and withTracerDisabledWhen",
    over: ["memory", "effect-clerk/undici"],
    respond: [honest],
    client: (base) =>
      base.pipe(
        HttpClient.withTracerPropagation(true),
        HttpClient.withTracerDisabledWhen(() => false)
      ),
    run: (stage) =>
      Effect.zipRight(
        Effect.withSpan(stage.get("sess_1"), "outer"),
        Effect.suspend(() =>
          stage.note("traced", stage.server.requests[0]?.headers["traceparent"] !== undefined)
        )
      ),
    expect: { changedRefs: 0, events: [["traced", true]] }
  },
  {
    name: "withScope: the response lives as long as the caller's scope",
    respond: [honest],
    client: (base) => {
      const scoped = HttpClient.withScope(base)
      // The scope is the row's own.
      return HttpClient.transformResponse(scoped, (effect) => effect) as unknown as HttpClient.HttpClient
    },
    run: (stage) => Effect.scoped(stage.get("sess_1")),
    expect: { outcome: "sess_1", inFlight: 0 }
  },
  {
    name: "withScope: an interruption within the body aborts when the scope ends",
    respond: [hangInBody],
    client: (base, stage) =>
      tellingHeaders(HttpClient.withScope(base) as unknown as HttpClient.HttpClient, stage),
    run: (stage) => interruptAfter(stage, stage.headers.await, Effect.scoped(stage.get("sess_1"))),
    expect: { outcome: "interrupted", aborted: 1, inFlight: 0 }
  },
  {
    name: "a client with a scope of its own that it never closes leaves the request in flight",
    over: ["memory", "fetch"],
    respond: [hang],
    client: scopedForGood,
    run: (stage) => interruptAfter(stage, inFlight(stage, 1), stage.get("sess_1")),
    expect: { outcome: "interrupted", aborted: 0, inFlight: 1 }
  },
  {
    name: "a client with a scope of its own that it never closes: our transport aborts all the same",
    over: ["effect-clerk/undici"],
    respond: [hang],
    client: scopedForGood,
    run: (stage) => interruptAfter(stage, inFlight(stage, 1), stage.get("sess_1")),
    expect: { outcome: "interrupted", aborted: 1, inFlight: 0 }
  }
])

conform(
  "clients that are not made by the platform",
  [
    {
      name: "a bare { execute } is used",
      respond: [honest],
      client: (base) => bare((request) => base.execute(request)),
      run: (stage) => stage.get("sess_1"),
      expect: { outcome: "sess_1" }
    },
    {
      name: "the execute of { ...client, execute } is used",
      respond: [honest],
      client: (base, { note }) => ({
        ...base,
        execute: (request) => Effect.zipRight(note("execute"), base.execute(request))
      }),
      run: (stage) => stage.get("sess_1"),
      expect: { outcome: "sess_1", events: ["execute"] }
    },
    {
      name: "the execute of Object.assign(Object.create(client), { execute }) is used",
      over: ["memory"],
      respond: [honest],
      client: (base, { note }) =>
        Object.assign(Object.create(base), {
          execute: (request: HttpClientRequest.HttpClientRequest) =>
            Effect.zipRight(note("execute"), base.execute(request))
        }),
      run: (stage) => stage.get("sess_1"),
      expect: { outcome: "sess_1", events: ["execute"] }
    },
    {
      name: "the execute of a Proxy is used",
      respond: [honest],
      client: (base, { note }) =>
        new Proxy(base, {
          get: (target, key, receiver) =>
            key === "execute"
              ? (request: HttpClientRequest.HttpClientRequest) =>
                  Effect.zipRight(note("execute"), target.execute(request))
              : Reflect.get(target, key, receiver)
        }),
      run: (stage) => stage.get("sess_1"),
      expect: { outcome: "sess_1", events: ["execute"] }
    },
    {
      name: "a bare client is interrupted within its body",
      respond: [hangInBody],
      client: (base, { headers }) =>
        bare((request) =>
          Effect.tap(base.execute(request as HttpClientRequest.HttpClientRequest), () => headers.open)
        ),
      run: (stage) => interruptAfter(stage, stage.headers.await, stage.get("sess_1")),
      expect: { outcome: "interrupted", aborted: 1, inFlight: 0 }
    },
    {
      name: "two fibers share one client",
      respond: [hang, honest],
      run: (stage) =>
        Effect.gen(function* () {
          const first = yield* Effect.fork(stage.get("a"))
          yield* inFlight(stage, 1)
          const second = yield* stage.get("b")
          yield* Fiber.interrupt(first)
          return second
        }),
      expect: { outcome: "b", aborted: 1 }
    }
  ],
  ["memory", "fetch", "effect-clerk/undici"]
)

conform(
  "clients that fail in other ways",
  [
    {
      name: "a defect of the client is a defect of the call",
      respond: [honest],
      client: (base) => HttpClient.mapRequestEffect(base, () => Effect.die("broken client")),
      run: (stage) => stage.get("sess_1"),
      expect: { outcome: "dies: broken client", requests: [] }
    },
    {
      name: "a client that throws when it is executed",
      over: ["memory"],
      respond: [honest],
      client: () =>
        bare(() => {
          throw new Error("thrown")
        }),
      run: (stage) => stage.get("sess_1"),
      expect: { outcome: "dies: thrown", requests: [] }
    },
    {
      name: "a client that throws in a transform",
      over: ["memory"],
      respond: [honest],
      client: HttpClient.mapRequest(() => {
        throw new Error("thrown")
      }),
      run: (stage) => stage.get("sess_1"),
      expect: { outcome: "dies: thrown", requests: [] }
    },
    {
      name: "a defect in a tap after the headers",
      respond: [honest],
      client: HttpClient.tap(() => Effect.die("broken tap")),
      run: (stage) => stage.get("sess_1"),
      expect: { outcome: "dies: broken tap", requests: ["GET /v1/sessions/sess_1"] }
    },
    {
      name: "a client that interrupts itself",
      over: ["memory", "effect-clerk/undici"],
      respond: [honest],
      client: (base) => HttpClient.mapRequestEffect(base, () => Effect.interrupt),
      run: (stage) => stage.get("sess_1"),
      expect: { outcome: "interrupted", requests: [] }
    },
    {
      name: "a failure and a defect of the client together",
      over: ["memory"],
      respond: [honest],
      client: (base) =>
        HttpClient.mapRequestEffect(base, (request) =>
          Effect.failCause(
            Cause.parallel(
              Cause.fail(new HttpClientError.RequestError({ request, reason: "Transport" })),
              Cause.die("broken")
            )
          )
        ),
      run: (stage) => stage.get("sess_1"),
      expect: { requests: [] }
    },
    {
      name: "a failure of the client whose finalizer dies",
      over: ["memory"],
      respond: [honest],
      client: (base) =>
        HttpClient.mapRequestEffect(base, (request) =>
          Effect.ensuring(
            Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport" })),
            Effect.die("finalizer")
          )
        ),
      run: (stage) => stage.get("sess_1"),
      expect: { requests: [] }
    },
    ...(["InvalidUrl", "Encode"] as const).map((reason): Row => ({
      name: `a RequestError of reason ${reason}`,
      over: ["memory"],
      respond: [honest],
      client: (base) =>
        HttpClient.mapRequestEffect(base, (request) =>
          Effect.fail(new HttpClientError.RequestError({ request, reason }))
        ),
      run: (stage) => stage.get("sess_1"),
      expect: { outcome: "fails: InvalidRequest" }
    }))
  ],
  ["memory", "effect-clerk/undici"]
)
