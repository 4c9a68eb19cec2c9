/** All seven operations over a socket, for every runtime: ends with code 0 only if each answers as it should. */
import { createServer } from "node:http"

import { FetchHttpClient } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Console, Effect, Layer, Option, Redacted, Stream } from "effect"
import { ClerkConfig, Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"

const check = (what: string, holds: boolean) =>
  holds ? Effect.void : Effect.dieMessage(`not as it should be: ${what}`)

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
  yield* check("a session that is not there", (yield* tagOf(Sessions.get("sess_none"))) === "NotFound")
  const nobody = ClerkConfig.layer({ secretKey: Redacted.make("sk_test_a"), apiUrl: "http://127.0.0.1:1" })
  const lost = Sessions.get(id).pipe(ClerkConfig.withoutRetry, Effect.provide(nobody))
  yield* check("a port nobody listens on", (yield* tagOf(lost)) === "TransportError")
})

const tagOf = <A, E extends { readonly _tag: string }, R>(call: Effect.Effect<A, E, R>) =>
  Effect.flip(call).pipe(
    Effect.map(({ _tag }) => _tag),
    Effect.orElseSucceed(() => "no failure")
  )

const Embedded = ClerkTest.layerServer({ templates: { hasura: {} } }).pipe(
  Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
)

await Effect.runPromise(
  smoke.pipe(
    Effect.zipRight(Console.log("all seven operations answer as they should")),
    Effect.provide([Embedded, FetchHttpClient.layer])
  )
)
