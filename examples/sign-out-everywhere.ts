/** Revokes all sessions of a user except the current one, after a change of the password, for example. */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"

const signOutElsewhere = (userId: string, currentSessionId: string) =>
  Sessions.revokeAll({ userId, except: currentSessionId })

const program = Effect.gen(function* () {
  const clerk = yield* ClerkTest.ClerkTest
  const revoked = yield* signOutElsewhere("user_1", "sess_here")
  yield* Console.log(`${revoked.length} sessions revoked`)
  const sessions = yield* clerk.sessions
  yield* Console.log(sessions.map(({ id, status }) => `${id} is ${status}`).join("\n"))
})

const ClerkLive = ClerkTest.layer({
  sessions: [
    { id: "sess_phone", userId: "user_1" },
    // This user has tasks to complete. The session is revoked, too.
    { id: "sess_laptop", userId: "user_1", status: "pending" },
    { id: "sess_here", userId: "user_1" },
    { id: "sess_other", userId: "user_2" }
  ]
})

NodeRuntime.runMain(Effect.provide(program, ClerkLive))
