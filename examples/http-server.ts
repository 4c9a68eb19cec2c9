/** An `HttpRouter` whose account routes are for signed-in users; one of them asks Clerk whether the session still stands. */
import { createServer } from "node:http"

import { HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Redacted } from "effect"
import { ClerkError, Sessions } from "effect-clerk"
import * as Authentication from "effect-clerk/Authentication"
import * as SessionVerifier from "effect-clerk/SessionVerifier"
import { ClerkTest } from "effect-clerk/testing"

const me = Effect.map(Authentication.CurrentSession, ({ claims }) => HttpServerResponse.text(claims.userId))

// A token outlives its session by up to a minute. Where that is too long, Clerk knows.
const pay = Effect.gen(function* () {
  const { claims } = yield* Authentication.CurrentSession
  const session = yield* Sessions.get(claims.sessionId)
  return session.status === "active"
    ? HttpServerResponse.text("paid")
    : HttpServerResponse.text(`the session is ${session.status}`, { status: 401 })
}).pipe(ClerkError.catchAll(() => HttpServerResponse.empty({ status: 503 })))

const app = HttpRouter.empty.pipe(
  HttpRouter.get("/me", me),
  HttpRouter.post("/pay", pay),
  // What stands above is for signed-in users, what stands below for everybody.
  HttpRouter.use(Authentication.router),
  HttpRouter.get("/health", HttpServerResponse.text("well"))
)

const program = Effect.gen(function* () {
  yield* HttpServer.serveEffect(app)
  const address = yield* HttpServer.addressFormattedWith(Effect.succeed)
  const { jwt } = yield* Sessions.createToken("sess_1")
  const send = (method: string, path: string, cookie = `__session=${Redacted.value(jwt)}`) =>
    Effect.promise(async () => {
      const response = await fetch(address + path, { method, headers: { cookie } })
      return Console.log(`${path}: ${response.status} ${await response.text()}`)
    }).pipe(Effect.flatten)
  yield* send("GET", "/me")
  yield* send("POST", "/pay")
  yield* Sessions.revoke("sess_1")
  yield* send("GET", "/me")
  yield* send("POST", "/pay")
  yield* send("GET", "/health", "")
  yield* send("GET", "/me", "")
})

const ClerkLive = ClerkTest.layer({ sessions: [{ id: "sess_1", userId: "user_1" }] })
const ServerLive = NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })
const VerifierLive = SessionVerifier.layer().pipe(Layer.provideMerge(ClerkLive))

NodeRuntime.runMain(program.pipe(Effect.scoped, Effect.provide(Layer.merge(VerifierLive, ServerLive))))
