/** An `HttpApi` for signed-in users: who am I, my devices, sign out everywhere, a token for another service. */
import { createServer } from "node:http"

import {
  HttpApi,
  HttpApiBuilder,
  HttpApiEndpoint,
  HttpApiError,
  HttpApiGroup,
  HttpServer
} from "@effect/platform"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Redacted, Schema } from "effect"
import { ClerkError, Sessions } from "effect-clerk"
import * as Authentication from "effect-clerk/Authentication"
import * as SessionVerifier from "effect-clerk/SessionVerifier"
import { ClerkTest } from "effect-clerk/testing"

const Device = Schema.Struct({ id: Schema.String, isCurrent: Schema.Boolean })

const Account = HttpApiGroup.make("account")
  .add(HttpApiEndpoint.get("whoAmI", "/me").addSuccess(Schema.String))
  .add(HttpApiEndpoint.get("devices", "/devices").addSuccess(Schema.Array(Device)))
  .add(HttpApiEndpoint.post("signOut", "/sign-out").addSuccess(Schema.Number))
  .add(HttpApiEndpoint.post("token", "/token").addSuccess(Schema.String))
  .addError(HttpApiError.ServiceUnavailable)
  .middleware(Authentication.Authentication)

class Api extends HttpApi.make("api").add(Account) {}

/** The ids come from the verified token and not from the request, so nobody reaches the sessions of others. */
const current = Effect.map(Authentication.CurrentSession, ({ claims }) => claims)

/** An outage of Clerk is not the fault of the caller. */
const unavailable = () => new HttpApiError.ServiceUnavailable()

const AccountLive = HttpApiBuilder.group(Api, "account", (handlers) =>
  handlers
    .handle("whoAmI", () => Effect.map(current, ({ userId }) => userId))
    .handle("devices", () =>
      Effect.gen(function* () {
        const { sessionId, userId } = yield* current
        const sessions = yield* Sessions.list({ userId, status: "active" })
        return sessions.map(({ id }) => ({ id, isCurrent: id === sessionId }))
      }).pipe(ClerkError.catchAll(unavailable))
    )
    .handle("signOut", () =>
      Effect.gen(function* () {
        const { userId } = yield* current
        return (yield* Sessions.revokeAll({ userId })).length
      }).pipe(ClerkError.catchAll(unavailable))
    )
    .handle("token", () =>
      Effect.gen(function* () {
        const { sessionId } = yield* current
        return Redacted.value((yield* Sessions.createTokenFromTemplate(sessionId, "hasura")).jwt)
      }).pipe(ClerkError.catchAll(unavailable))
    )
)

const ServerLive = HttpApiBuilder.serve().pipe(
  Layer.provide(HttpApiBuilder.api(Api).pipe(Layer.provide(AccountLive))),
  Layer.provide(Authentication.layer),
  // In production: SessionVerifier.layer({ authorizedParties: ["https://example.com"] }).
  Layer.provide(SessionVerifier.layer()),
  Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
)

const program = Effect.gen(function* () {
  const address = yield* HttpServer.addressFormattedWith(Effect.succeed)
  const { jwt } = yield* Sessions.createToken("sess_laptop")
  const send = (method: string, path: string, token: string) =>
    Effect.promise(async () => {
      const response = await fetch(address + path, { method, headers: { authorization: `Bearer ${token}` } })
      return `${response.status} ${await response.text()}`
    })
  yield* Console.log(yield* send("GET", "/me", Redacted.value(jwt)))
  yield* Console.log(yield* send("GET", "/devices", Redacted.value(jwt)))
  const forHasura = yield* send("POST", "/token", Redacted.value(jwt))
  yield* Console.log(forHasura.replace(/"eyJ.*"/, "a token for Hasura"))
  yield* Console.log(yield* send("POST", "/sign-out", Redacted.value(jwt)))
  yield* Console.log(yield* send("GET", "/me", "forged"))
})

const sessions = ["sess_laptop", "sess_phone"].map((id) => ({ id, userId: "user_1" }))
const ClerkLive = ClerkTest.layer({ sessions, templates: { hasura: {} } })

NodeRuntime.runMain(Effect.provide(program, Layer.provideMerge(ServerLive, ClerkLive)))
