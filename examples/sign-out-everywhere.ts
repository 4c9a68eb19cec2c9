/** Signs a user out on every device, but for the session they are at. */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Stream } from "effect"
import { Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"

const signOutEverywhere = Effect.fn("signOutEverywhere")(function* (
  userId: string,
  options?: { readonly except?: string }
) {
  // All of them first: a session that is revoked leaves the list of the active ones, and pulls the next page forward.
  const sessions = yield* Stream.runCollect(Sessions.stream({ userId, status: "active" }))
  const revoked = yield* Effect.forEach(
    [...sessions].filter(({ id }) => id !== options?.except),
    ({ id }) =>
      Sessions.revoke(id).pipe(
        Effect.asSome,
        // It ended by itself meanwhile.
        Effect.catchTag("NotFound", () => Effect.succeedNone)
      ),
    { concurrency: 5 }
  )
  return revoked.length
})

const program = Effect.gen(function* () {
  const clerk = yield* ClerkTest.ClerkTest
  const count = yield* signOutEverywhere("user_1", { except: "sess_here" })
  yield* Console.log(`${count} sessions revoked`)
  const sessions = yield* clerk.sessions
  yield* Console.log(sessions.map(({ id, status }) => `${id} is ${status}`).join("\n"))
})

const ClerkLive = ClerkTest.layer({
  sessions: [
    { id: "sess_phone", userId: "user_1" },
    { id: "sess_laptop", userId: "user_1" },
    { id: "sess_here", userId: "user_1" },
    { id: "sess_other", userId: "user_2" }
  ]
})

NodeRuntime.runMain(Effect.provide(program, ClerkLive))
