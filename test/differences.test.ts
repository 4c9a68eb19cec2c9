/** What `@clerk/backend` does, and what this package does, with the same answers: the README's table of differences. */
import { createServer } from "node:http"

import { createClerkClient } from "@clerk/backend"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { ClerkConfig, ClerkRetry, Sessions } from "effect-clerk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

import { envelope, secretKey, wireSession } from "./utils/stub.js"

type Answer = (url: string) => Effect.Effect<HttpServerResponse.HttpServerResponse>

/** Both clients before a server that answers one request after the other, and the addresses they asked for. */
const versus = (...answers: ReadonlyArray<Answer>) =>
  Effect.gen(function* () {
    const asked: Array<string> = []
    yield* HttpServer.serveEffect(
      Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ url }) => {
        const answer = answers[Math.min(asked.length, answers.length - 1)]
        asked.push(url)
        return answer === undefined ? HttpServerResponse.empty() : answer(url)
      })
    )
    const apiUrl = yield* HttpServer.addressFormattedWith(Effect.succeed)
    const settings = {
      secretKey: Redacted.make(secretKey),
      apiUrl,
      retry: ClerkRetry.schedule({ base: "1 millis" })
    }
    return {
      asked,
      theirs: createClerkClient({ secretKey, apiUrl }).sessions,
      ours: Layer.merge(FetchHttpClient.layer, Layer.orDie(ClerkConfig.layer(settings)))
    }
  })

const answer =
  (body: unknown, status = 200, headers: { readonly [name: string]: string } = {}): Answer =>
  () =>
    Effect.succeed(HttpServerResponse.unsafeJson(body, { status, headers }))

const settled = <A>(promise: () => Promise<A>) => Effect.either(Effect.tryPromise(promise))

const ServerLive = NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })

describe("with the same answers, @clerk/backend and effect-clerk", () => {
  it.scopedLive("are busy (503): the one gives up, the other asks again", () =>
    Effect.gen(function* () {
      const busy = answer({ errors: [] }, 503)
      const { asked, ours, theirs } = yield* versus(busy, busy, answer(wireSession))
      assert.isTrue((yield* settled(() => theirs.getSession("sess_1")))._tag === "Left")
      assert.strictEqual(asked.length, 1)
      const { id } = yield* Effect.provide(Sessions.get("sess_1"), ours)
      assert.strictEqual(id, "sess_1")
      assert.strictEqual(asked.length, 3)
    }).pipe(Effect.provide(ServerLive))
  )

  it.scopedLive(
    "get something else than a session: the one hands it on, the other says what is wrong with it",
    () =>
      Effect.gen(function* () {
        const { ours, theirs } = yield* versus(answer({ ...wireSession, id: 5 }))
        const theirSession = yield* Effect.promise(() => theirs.getSession("sess_1"))
        assert.strictEqual<unknown>(theirSession.id, 5)
        const error = yield* Effect.flip(Effect.provide(Sessions.get("sess_1"), ours))
        assert.strictEqual(error._tag === "DecodeError" && error.detail, "id: expected string, got a number")
      }).pipe(Effect.provide(ServerLive))
  )

  it.scopedLive("get a media type with a parameter: the one hands on the text, the other reads it", () =>
    Effect.gen(function* () {
      const headers = { "content-type": "application/json; charset=utf-8" }
      const { ours, theirs } = yield* versus(
        answer(wireSession, 200, headers),
        answer(envelope("gone"), 404, headers),
        answer(wireSession, 200, headers),
        answer(envelope("gone"), 404, headers)
      )
      assert.typeOf(yield* Effect.promise(() => theirs.getSession("sess_1")), "string")
      assert.deepInclude(yield* refusal(() => theirs.getSession("sess_1")), { status: 404, errors: [] })

      const session = yield* Effect.provide(Sessions.get("sess_1"), ours)
      assert.strictEqual(session.id, "sess_1")
      const error = yield* Effect.flip(Effect.provide(Sessions.get("sess_1"), ours))
      assert.strictEqual(error._tag === "NotFound" && error.errors[0]?.code, "gone")
    }).pipe(Effect.provide(ServerLive))
  )

  it.scopedLive("get no answer: the one waits on, the other is done when its time is up", () =>
    Effect.gen(function* () {
      const late = yield* Effect.makeLatch()
      const { ours, theirs } = yield* versus(() =>
        Effect.as(late.await, HttpServerResponse.unsafeJson(wireSession))
      )
      const waiting = yield* Effect.fork(Effect.promise(() => theirs.getSession("sess_1")))
      const timed = Sessions.get("sess_1").pipe(
        ClerkConfig.withTimeout("50 millis"),
        ClerkConfig.withoutRetry
      )
      assert.strictEqual((yield* Effect.flip(Effect.provide(timed, ours)))._tag, "Timeout")
      assert.isTrue(Option.isNone(yield* Fiber.poll(waiting)))
      yield* late.open
      yield* Fiber.join(waiting)
    }).pipe(Effect.provide(ServerLive))
  )

  it.scopedLive("are sent elsewhere: the one goes there, the other says so", () =>
    Effect.gen(function* () {
      const { asked, ours, theirs } = yield* versus((url) =>
        Effect.succeed(
          url === "/elsewhere"
            ? HttpServerResponse.unsafeJson(wireSession)
            : HttpServerResponse.redirect("/elsewhere")
        )
      )
      yield* Effect.promise(() => theirs.getSession("sess_1"))
      deepStrictEqual(asked, ["/v1/sessions/sess_1", "/elsewhere"])
      const error = yield* Effect.flip(Effect.provide(Sessions.get("sess_1"), ours))
      assert.strictEqual(error._tag === "ApiError" && error.status, 302)
      deepStrictEqual(asked.slice(2), ["/v1/sessions/sess_1"])
    }).pipe(Effect.provide(ServerLive))
  )

  it.scopedLive("are given an offset of 0: the one leaves it out, the other sends it", () =>
    Effect.gen(function* () {
      const { asked, ours, theirs } = yield* versus(answer([]))
      yield* Effect.promise(() => theirs.getSessionList({ userId: "user_1", offset: 0 }))
      yield* Effect.provide(Sessions.list({ userId: "user_1", offset: 0 }), ours)
      deepStrictEqual(asked, [
        "/v1/sessions?user_id=user_1&paginated=true",
        "/v1/sessions?user_id=user_1&offset=0"
      ])
    }).pipe(Effect.provide(ServerLive))
  )

  it.scopedLive("are given an id with a slash: the one asks for another path, the other escapes it", () =>
    Effect.gen(function* () {
      const { asked, ours, theirs } = yield* versus(answer(wireSession))
      yield* Effect.promise(() => theirs.getSession("sess_1/revoke?a=b"))
      yield* Effect.provide(Sessions.get("sess_1/revoke?a=b"), ours)
      deepStrictEqual(asked, ["/v1/sessions/sess_1/revoke?a=b", "/v1/sessions/sess_1%2Frevoke%3Fa%3Db"])
    }).pipe(Effect.provide(ServerLive))
  )

  it.scopedLive("print a token: the one shows it, the other does not", () =>
    Effect.gen(function* () {
      const { ours, theirs } = yield* versus(
        answer({ object: "token", jwt: "eyJhbGciOiJSUzI1NiJ9.e30.c2ln" })
      )
      const theirToken = yield* Effect.promise(() => theirs.getToken("sess_1", "hasura"))
      assert.include(JSON.stringify(theirToken), "eyJ")
      const token = yield* Effect.provide(Sessions.createTokenFromTemplate("sess_1", "hasura"), ours)
      assert.notInclude(JSON.stringify(token), "eyJ")
    }).pipe(Effect.provide(ServerLive))
  )
})

/** What their client rejects with. */
const refusal = (promise: () => Promise<unknown>) =>
  Effect.flip(Effect.tryPromise({ try: promise, catch: (error) => ({ ...Object(error) }) }))
