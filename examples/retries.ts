/** Changes retries and time limits: other numbers, another schedule, retries by hand, and limits. */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Schedule } from "effect"
import { ClerkConfig, ClerkRetry, Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"

const get = Effect.map(Sessions.get("sess_1"), (session) => session.status)

// The built-in policy with other numbers. It is exponential and jittered, and respects a Retry-After.
const more = get.pipe(ClerkConfig.withRetry(ClerkRetry.schedule({ times: 5, base: "20 millis" })))

// Any other schedule. Errors that are not safe to retry still end the operation.
const steady = get.pipe(
  ClerkConfig.withRetry(Schedule.intersect(Schedule.spaced("20 millis"), Schedule.recurs(5)))
)

// Retries with Effect.retry. Those of the operation are turned off, or the two would multiply.
const byHand = get.pipe(
  ClerkConfig.withoutRetry,
  Effect.retry(ClerkRetry.schedule({ times: 5, base: "20 millis" }))
)

// A time limit for each attempt, and one for the operation with its waits.
const limited = get.pipe(
  ClerkConfig.withTimeout("50 millis"),
  ClerkConfig.withRetry(ClerkRetry.schedule({ times: 1, base: "20 millis" })),
  ClerkConfig.withDeadline("1 second"),
  Effect.catchTag("Timeout", (error) => Effect.succeed(error.message))
)

const program = Effect.gen(function* () {
  const clerk = yield* ClerkTest.ClerkTest
  for (const [name, call] of Object.entries({ more, steady, byHand })) {
    yield* clerk.inject(ClerkTest.Fault.status(503), { times: 3 })
    yield* Console.log(`${name}: ${yield* call}`)
  }
  yield* clerk.inject(ClerkTest.Fault.hang, { times: 2 })
  yield* Console.log(`limited: ${yield* limited}`)
  yield* Console.log(`${(yield* clerk.requests).length} requests`)
})

NodeRuntime.runMain(Effect.provide(program, ClerkTest.layer({ sessions: [{ id: "sess_1" }] })))
