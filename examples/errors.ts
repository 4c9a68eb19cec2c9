/** Handles errors by their tags, all errors of Clerk at once, and errors behind a promise. */
import { NodeRuntime } from "@effect/platform-node"
import { Cause, Console, Duration, Effect, Exit, Option } from "effect"
import { ClerkConfig, ClerkError, Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"

/** Revokes a session, and returns what happened. The errors that are left stand in its type. */
const signOut = (sessionId: string) =>
  Sessions.revoke(sessionId).pipe(
    Effect.map((session) => `${session.id} is ${session.status}`),
    Effect.catchTags({
      NotFound: () => Effect.succeed(`${sessionId} does not exist`),
      Unauthorized: (error) => Effect.succeed(`the secret key is wrong: ${error.errors[0]?.code}`),
      RateLimited: ({ retryAfter }) =>
        Effect.succeed(
          `try again in ${Option.match(retryAfter, { onNone: () => "a while", onSome: Duration.format })}`
        ),
      ClerkErrors: ({ errors, status }) =>
        Effect.succeed(`refused with ${status}: ${errors.map(({ code }) => code).join()}`)
    })
  )

/** For callers of promises: rejects with the error itself. `Effect.runPromise` rejects with a FiberFailure. */
const run = async <A, E>(effect: Effect.Effect<A, E>): Promise<A> =>
  Exit.getOrElse(await Effect.runPromiseExit(effect), (cause) => {
    throw Cause.squash(cause)
  })

const ClerkLive = ClerkTest.layer({ sessions: [{ id: "sess_1" }] })

const program = Effect.gen(function* () {
  const clerk = yield* ClerkTest.ClerkTest
  yield* Console.log(yield* signOut("sess_1"))
  yield* Console.log(yield* signOut("sess_none"))

  yield* clerk.inject(ClerkTest.Fault.rateLimited("2 minutes"))
  yield* Console.log(yield* signOut("sess_1"))
  yield* clerk.inject(ClerkTest.Fault.status(403, ClerkTest.errors("forbidden")))
  yield* Console.log(yield* signOut("sess_1"))

  // All errors of Clerk that are left. The message is one line, with Clerk's trace id where there is one.
  yield* clerk.inject(ClerkTest.Fault.reset)
  yield* signOut("sess_1").pipe(
    ClerkConfig.withoutRetry,
    ClerkError.catchAll((error) => Console.log(`${error._tag}: ${error.message}`))
  )
}).pipe(Effect.provide(ClerkLive))

const promise = Effect.promise(async () => {
  try {
    await run(Effect.provide(Sessions.get("sess_none"), ClerkLive))
  } catch (error) {
    console.log(`instanceof NotFound: ${error instanceof ClerkError.NotFound}`)
  }
})

NodeRuntime.runMain(Effect.zipRight(program, promise))
