/** Lists the active sessions of a user. */
import { NodeRuntime } from "@effect/platform-node"
import { Console, DateTime, Effect } from "effect"
import { Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"

const program = Effect.gen(function* () {
  const sessions = yield* Sessions.list({ userId: "user_1", status: "active" })
  yield* Effect.forEach(sessions, ({ expireAt, id }) =>
    Console.log(`${id} is active until ${DateTime.formatIso(expireAt)}`)
  )
})

// A fake Clerk in memory. For the real one: Layer.merge(FetchHttpClient.layer, ClerkConfig.layerEnv).
const ClerkLive = ClerkTest.layer({ sessions: [{ id: "sess_1", userId: "user_1" }] })

NodeRuntime.runMain(Effect.provide(program, ClerkLive))
