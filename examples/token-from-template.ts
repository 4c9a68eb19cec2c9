/** Gets tokens of a JWT template, for a database or an API that reads claims of its own. Each is minted once. */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Redacted } from "effect"
import { Sessions, SessionTokens } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"
import { decodeJwt } from "jose"

const token = SessionTokens.get("sess_1", { template: "hasura", expiresIn: "5 minutes" })

const program = Effect.gen(function* () {
  const clerk = yield* ClerkTest.ClerkTest

  // Ten callers, one request. Afterwards the token is served from memory until shortly before it expires.
  yield* Effect.replicateEffect(token, 10, { concurrency: "unbounded" })
  const { jwt } = yield* token
  yield* Console.log(`${(yield* clerk.requests).length} request`)

  // A token is Redacted. Read it where it is sent, and nowhere else.
  yield* Console.log(`the token: ${jwt}`)
  const { exp = 0, iat = 0, role } = decodeJwt(Redacted.value(jwt))
  yield* Console.log(`role ${role}, for ${exp - iat} seconds`)

  // Without the cache: a request for each call.
  yield* Sessions.createTokenFromTemplate("sess_1", "postgres").pipe(
    Effect.catchTag("NotFound", ({ errors }) => Console.log(errors.map(({ message }) => message).join()))
  )
})

const ClerkLive = ClerkTest.layer({
  sessions: [{ id: "sess_1" }],
  templates: { hasura: { claims: { role: "editor" } } }
})

NodeRuntime.runMain(Effect.provide(program, Layer.merge(ClerkLive, SessionTokens.layer())))
