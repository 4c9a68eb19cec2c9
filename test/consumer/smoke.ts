/** Runs all seven operations over a socket, on any runtime. Ends with code 0 if each gives what it should. */
import { createServer } from "node:http"

import { FetchHttpClient } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Console, Effect, Layer, Option, Redacted, Stream } from "effect"
import { ClerkConfig, Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"

const check = (what: string, holds: boolean) => (holds ? Effect.void : Effect.dieMessage(`wrong: ${what}`))

const smoke = Effect.gen(function* () {
  const clerk = yield* ClerkTest.ClerkTest
  const userId = yield* clerk.addUser()
  const { id } = yield* Sessions.create({ userId })
  yield* check("get", (yield* Sessions.get(id)).status === "active")
  yield* check("list", (yield* Sessions.list({ userId }))[0]?.id === id)
  yield* check("listPage", Option.contains((yield* Sessions.listPage({ userId })).totalCount, 1))
  yield* check("stream", (yield* Stream.runCount(Sessions.stream({ userId }))) === 1)
  const { jwt } = yield* Sessions.createToken(id, { expiresIn: "1 minute" })
  yield* check("createToken", Redacted.value(jwt).startsWith("eyJ"))
  yield* Sessions.createTokenFromTemplate(id, "hasura")
  const refreshed = yield* Sessions.refresh(id, {
    expiredToken: jwt,
    refreshToken: yield* clerk.refreshToken(id),
    requestOrigin: "https://example.com"
  })
  yield* check("refresh", Redacted.value(refreshed.jwt) !== "")
  yield* check("revoke", (yield* Sessions.revoke(id)).status === "revoked")
  yield* check("a session that does not exist", (yield* tagOf(Sessions.get("sess_none"))) === "NotFound")
  const unreachable = ClerkConfig.layer({
    secretKey: Redacted.make("sk_test_a"),
    apiUrl: "http://127.0.0.1:1"
  })
  const refused = Sessions.get(id).pipe(ClerkConfig.withoutRetry, Effect.provide(unreachable))
  yield* check("a port without a server", (yield* tagOf(refused)) === "TransportError")
})

const tagOf = <A, E extends { readonly _tag: string }, R>(call: Effect.Effect<A, E, R>) =>
  Effect.flip(call).pipe(
    Effect.map(({ _tag }) => _tag),
    Effect.orElseSucceed(() => "no failure")
  )

const FakeClerk = ClerkTest.layerServer({ templates: { hasura: {} } }).pipe(
  Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
)

await Effect.runPromise(
  smoke.pipe(
    Effect.zipRight(Console.log("all seven operations work")),
    Effect.provide([FakeClerk, FetchHttpClient.layer])
  )
)
