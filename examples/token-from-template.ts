/** Mints a token from a JWT template, for a database or an API that wants claims of its own. */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Redacted } from "effect"
import { Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"
import { decodeJwt } from "jose"

const program = Effect.gen(function* () {
  const { jwt } = yield* Sessions.createTokenFromTemplate("sess_1", "hasura", { expiresIn: "5 minutes" })

  // A token is Redacted: printed by accident, it says nothing. It is unwrapped where it is sent, and nowhere else.
  yield* Console.log(`the token: ${jwt}`)
  const { exp = 0, iat = 0, role } = decodeJwt(Redacted.value(jwt))
  yield* Console.log(`role ${role}, for ${exp - iat} seconds`)

  yield* Sessions.createTokenFromTemplate("sess_1", "postgres").pipe(
    Effect.catchTag("NotFound", ({ errors }) => Console.log(errors.map(({ message }) => message).join()))
  )
})

const ClerkLive = ClerkTest.layer({
  sessions: [{ id: "sess_1" }],
  templates: { hasura: { claims: { role: "editor" } } }
})

NodeRuntime.runMain(Effect.provide(program, ClerkLive))
