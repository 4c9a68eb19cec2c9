/** Failures by their tags: those that are named are handled, and the type says which are left. */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Duration, Effect, Option } from "effect"
import { ClerkConfig, ClerkError, Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"

type Unhandled = Exclude<ClerkError.CommonError, ClerkError.RateLimited>

/** Ends a session, or says why it goes on. */
const signOut = (sessionId: string) => {
  const outcome = Sessions.revoke(sessionId).pipe(
    Effect.map((session) => `${session.id} is ${session.status}`),
    Effect.catchTags({
      NotFound: () => Effect.succeed(`${sessionId} was gone already`),
      Unauthorized: (error) => Effect.succeed(`the secret key is not right: ${error.errors[0]?.code}`),
      RateLimited: ({ retryAfter }) =>
        Effect.succeed(
          `again in ${Option.match(retryAfter, { onNone: () => "a while", onSome: Duration.format })}`
        ),
      ClerkErrors: ({ errors, status }) =>
        Effect.succeed(`refused, ${status}: ${errors.map(({ code }) => code)}`)
    })
  )
  // What is not handled above: no answer, a broken one, or a server that fails.
  return outcome satisfies Effect.Effect<string, Unhandled, unknown>
}

const program = Effect.gen(function* () {
  const clerk = yield* ClerkTest.ClerkTest
  yield* Console.log(yield* signOut("sess_1"))
  yield* Console.log(yield* signOut("sess_none"))

  yield* clerk.inject(ClerkTest.Fault.rateLimited("2 minutes"))
  yield* Console.log(yield* signOut("sess_1"))
  yield* clerk.inject(
    ClerkTest.Fault.status(403, [ClerkError.ErrorEntry.make({ code: "forbidden", message: "no" })])
  )
  yield* Console.log(yield* signOut("sess_1"))

  // Whatever else went wrong says so in one line, with Clerk's trace id where there is one.
  yield* clerk.inject(ClerkTest.Fault.reset)
  yield* signOut("sess_1").pipe(
    ClerkConfig.withoutRetry,
    Effect.catchAll((error) => Console.log(`${error._tag}: ${error.message}`))
  )
})

NodeRuntime.runMain(Effect.provide(program, ClerkTest.layer({ sessions: [{ id: "sess_1" }] })))
