/** Clients that judge the status, that fail, or that the platform did not make. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { Cause, Effect, Fiber } from "effect"

import {
  conform,
  failing,
  hang,
  hangInBody,
  honest,
  inFlight,
  interruptAfter,
  session,
  tellingHeaders
} from "./harness.js"
import type { Row } from "./harness.js"

const bare = (execute: (request: HttpClientRequest.HttpClientRequest) => unknown) =>
  // As a program without types would pass it, or one that mocks no more than it needs.
  ({ execute }) as unknown as HttpClient.HttpClient

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
