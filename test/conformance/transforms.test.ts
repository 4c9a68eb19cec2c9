/** Clients that are transformed by the platform. */
import * as Cookies from "@effect/platform/Cookies"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { Effect, Ref, Scope } from "effect"

import {
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
import type { Row } from "./harness.js"

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
    expect: { requests: ["GET /v1/sessions/moved", "GET /v1/sessions/sess_1"], events: [["got", "moved"]] }
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
    name: "a client with a scope of its own that it never closes: over our transport, our operations abort all the same",
    over: ["effect-clerk/undici"],
    respond: [hang],
    client: scopedForGood,
    run: (stage) => interruptAfter(stage, inFlight(stage, 1), stage.get("sess_1")),
    expect: { outcome: "interrupted", aborted: 0, inFlight: 1 },
    differs: {
      why: "an attempt tells our transport when it is given up",
      ours: { aborted: 1, inFlight: 0 }
    }
  }
])
