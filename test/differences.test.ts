/** How `@clerk/backend` and this package differ for the same responses. The README has a table of it. */
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

import { envelope, secretKey, session } from "./support/wire.js"

type Respond = (url: string) => Effect.Effect<HttpServerResponse.HttpServerResponse>

/** Both clients, and a server that gives one response after the other and keeps the URLs. */
const versus = (...responses: ReadonlyArray<Respond>) =>
  Effect.gen(function* () {
    const urls: Array<string> = []
    yield* HttpServer.serveEffect(
      Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ url }) => {
        const respond = responses[Math.min(urls.length, responses.length - 1)]
        urls.push(url)
        return respond === undefined ? HttpServerResponse.empty() : respond(url)
      })
    )
    const apiUrl = yield* HttpServer.addressFormattedWith(Effect.succeed)
    const settings = {
      secretKey: Redacted.make(secretKey),
      apiUrl,
      retry: ClerkRetry.schedule({ base: "1 millis" })
    }
    return {
      urls,
      theirs: createClerkClient({ secretKey, apiUrl }).sessions,
      ours: Layer.merge(FetchHttpClient.layer, Layer.orDie(ClerkConfig.layer(settings)))
    }
  })

const json =
  (body: unknown, status = 200, headers: { readonly [name: string]: string } = {}): Respond =>
  () =>
    Effect.succeed(HttpServerResponse.unsafeJson(body, { status, headers }))

const settle = <A>(promise: () => Promise<A>) => Effect.either(Effect.tryPromise(promise))

const ServerLive = NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })

describe("@clerk/backend and effect-clerk", () => {
  it.scopedLive("a 503: the SDK fails, effect-clerk retries", () =>
    Effect.gen(function* () {
      const unavailable = json({ errors: [] }, 503)
      const { urls, ours, theirs } = yield* versus(unavailable, unavailable, json(session))
      assert.isTrue((yield* settle(() => theirs.getSession("sess_1")))._tag === "Left")
      assert.strictEqual(urls.length, 1)
      const { id } = yield* Effect.provide(Sessions.get("sess_1"), ours)
      assert.strictEqual(id, "sess_1")
      assert.strictEqual(urls.length, 3)
    }).pipe(Effect.provide(ServerLive))
  )

  it.scopedLive("a body that is no session: the SDK returns it, effect-clerk fails and names the field", () =>
    Effect.gen(function* () {
      const { ours, theirs } = yield* versus(json({ ...session, id: 5 }))
      const theirSession = yield* Effect.promise(() => theirs.getSession("sess_1"))
      assert.strictEqual<unknown>(theirSession.id, 5)
      const error = yield* Effect.flip(Effect.provide(Sessions.get("sess_1"), ours))
      assert.strictEqual(error._tag === "DecodeError" && error.detail, "id: expected a string, got a number")
    }).pipe(Effect.provide(ServerLive))
  )

  it.scopedLive("a media type with a parameter: the SDK returns text, effect-clerk decodes it", () =>
    Effect.gen(function* () {
      const headers = { "content-type": "application/json; charset=utf-8" }
      const { ours, theirs } = yield* versus(
        json(session, 200, headers),
        json(envelope("gone"), 404, headers),
        json(session, 200, headers),
        json(envelope("gone"), 404, headers)
      )
      assert.typeOf(yield* Effect.promise(() => theirs.getSession("sess_1")), "string")
      assert.deepInclude(yield* rejection(() => theirs.getSession("sess_1")), { status: 404, errors: [] })

      const { id } = yield* Effect.provide(Sessions.get("sess_1"), ours)
      assert.strictEqual(id, "sess_1")
      const error = yield* Effect.flip(Effect.provide(Sessions.get("sess_1"), ours))
      assert.strictEqual(error._tag === "NotFound" && error.errors[0]?.code, "gone")
    }).pipe(Effect.provide(ServerLive))
  )

  it.scopedLive("no response: the SDK waits, effect-clerk fails at its timeout", () =>
    Effect.gen(function* () {
      const late = yield* Effect.makeLatch()
      const { ours, theirs } = yield* versus(() =>
        Effect.as(late.await, HttpServerResponse.unsafeJson(session))
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

  it.scopedLive("a redirect: the SDK follows it, effect-clerk fails", () =>
    Effect.gen(function* () {
      const { urls, ours, theirs } = yield* versus((url) =>
        Effect.succeed(
          url === "/elsewhere"
            ? HttpServerResponse.unsafeJson(session)
            : HttpServerResponse.redirect("/elsewhere")
        )
      )
      yield* Effect.promise(() => theirs.getSession("sess_1"))
      deepStrictEqual(urls, ["/v1/sessions/sess_1", "/elsewhere"])
      const error = yield* Effect.flip(Effect.provide(Sessions.get("sess_1"), ours))
      assert.strictEqual(error._tag === "ApiError" && error.status, 302)
      deepStrictEqual(urls.slice(2), ["/v1/sessions/sess_1"])
    }).pipe(Effect.provide(ServerLive))
  )

  it.scopedLive("an offset of 0: the SDK leaves it out, effect-clerk sends it", () =>
    Effect.gen(function* () {
      const { urls, ours, theirs } = yield* versus(json([]))
      yield* Effect.promise(() => theirs.getSessionList({ userId: "user_1", offset: 0 }))
      yield* Effect.provide(Sessions.list({ userId: "user_1", offset: 0 }), ours)
      deepStrictEqual(urls, [
        "/v1/sessions?user_id=user_1&paginated=true",
        "/v1/sessions?user_id=user_1&offset=0"
      ])
    }).pipe(Effect.provide(ServerLive))
  )

  it.scopedLive("an id with a slash: the SDK requests another path, effect-clerk escapes it", () =>
    Effect.gen(function* () {
      const { urls, ours, theirs } = yield* versus(json(session))
      yield* Effect.promise(() => theirs.getSession("sess_1/revoke?a=b"))
      yield* Effect.provide(Sessions.get("sess_1/revoke?a=b"), ours)
      deepStrictEqual(urls, ["/v1/sessions/sess_1/revoke?a=b", "/v1/sessions/sess_1%2Frevoke%3Fa%3Db"])
    }).pipe(Effect.provide(ServerLive))
  )

  it.scopedLive("a token that is printed: the SDK shows it, effect-clerk does not", () =>
    Effect.gen(function* () {
      const { ours, theirs } = yield* versus(json({ object: "token", jwt: "eyJhbGciOiJSUzI1NiJ9.e30.c2ln" }))
      const theirToken = yield* Effect.promise(() => theirs.getToken("sess_1", "hasura"))
      assert.include(JSON.stringify(theirToken), "eyJ")
      const token = yield* Effect.provide(Sessions.createTokenFromTemplate("sess_1", "hasura"), ours)
      assert.notInclude(JSON.stringify(token), "eyJ")
    }).pipe(Effect.provide(ServerLive))
  )
})

/** The error that the SDK rejects with. */
const rejection = (promise: () => Promise<unknown>) =>
  Effect.flip(Effect.tryPromise({ try: promise, catch: (error) => ({ ...Object(error) }) }))
