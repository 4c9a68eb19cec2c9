/** Middleware of an HTTP server: it checks the token, asks Clerk whether the session still stands, and hands it on. */
import { createServer } from "node:http"

import { type HttpApp, HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Console, Context, Data, Effect, Layer, Redacted } from "effect"
import { type Session, Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"
import { generateKeyPair, jwtVerify } from "jose"

class CurrentSession extends Context.Tag("example/CurrentSession")<CurrentSession, Session.Session>() {}
class SignedOut extends Data.TaggedError("SignedOut") {}

// In production, the key comes from the instance: createRemoteJWKSet(new URL("https://…/.well-known/jwks.json")).
const keyPair = await generateKeyPair("RS256")

const currentSession = Effect.gen(function* () {
  const { cookies } = yield* HttpServerRequest.HttpServerRequest
  const { payload } = yield* Effect.tryPromise({
    try: () => jwtVerify<{ readonly sid: string }>(cookies["__session"] ?? "", keyPair.publicKey),
    catch: () => new SignedOut()
  })
  const session = yield* Sessions.get(payload.sid)
  return session.status === "active" ? session : yield* new SignedOut()
})

const authenticated = <E, R>(app: HttpApp.Default<E, R>) =>
  Effect.matchEffect(currentSession, {
    onSuccess: (session) => Effect.provideService(app, CurrentSession, session),
    // Whoever is not signed in is told so; a Clerk that cannot be asked is not the caller's fault.
    onFailure: ({ _tag }) =>
      HttpServerResponse.empty({ status: _tag === "SignedOut" || _tag === "NotFound" ? 401 : 503 })
  })

const me = Effect.map(CurrentSession, ({ userId }) => HttpServerResponse.text(userId))
const app = HttpRouter.empty.pipe(HttpRouter.get("/me", me), HttpRouter.use(authenticated))

const program = Effect.gen(function* () {
  yield* HttpServer.serveEffect(app)
  const address = yield* HttpServer.addressFormattedWith(Effect.succeed)
  const get = async (token: string) => {
    const response = await fetch(`${address}/me`, { headers: { cookie: `__session=${token}` } })
    return `${response.status} ${await response.text()}`
  }
  const { jwt } = yield* Sessions.createToken("sess_1")
  yield* Console.log(yield* Effect.promise(() => get(Redacted.value(jwt))))
  yield* Console.log(yield* Effect.promise(() => get("forged")))
  yield* Sessions.revoke("sess_1")
  yield* Console.log(yield* Effect.promise(() => get(Redacted.value(jwt))))
})

const ClerkLive = ClerkTest.layer({ keyPair, sessions: [{ id: "sess_1", userId: "user_1" }] })
const ServerLive = NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })

NodeRuntime.runMain(program.pipe(Effect.scoped, Effect.provide(Layer.merge(ClerkLive, ServerLive))))
