/** Bodies as servers send them, and as clients read them first. */
import * as HttpClient from "@effect/platform/HttpClient"
import { Effect, Stream } from "effect"

import {
  conform,
  failing,
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
