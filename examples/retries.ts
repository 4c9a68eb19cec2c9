/** Patience of one's own: other numbers, another schedule, the schedule by hand, and a time limit. */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Schedule } from "effect"
import { ClerkConfig, ClerkRetry, Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"

const get = Effect.map(Sessions.get("sess_1"), (session) => session.status)

// Other numbers for the built-in policy: exponential, jittered, and no sooner than a Retry-After asks.
const patient = get.pipe(ClerkConfig.withRetry(ClerkRetry.schedule({ times: 5, base: "20 millis" })))

// Any schedule in place of it; what must not be repeated still is not.
const steady = get.pipe(
  ClerkConfig.withRetry(Schedule.intersect(Schedule.spaced("20 millis"), Schedule.recurs(5)))
)

// The usual way, by hand, with the client's own repetitions turned off.
const byHand = get.pipe(
  ClerkConfig.withoutRetry,
  Effect.retry(ClerkRetry.schedule({ times: 5, base: "20 millis" }))
)

// A limit for each attempt, headers and body; and one for everything, waits included.
const hurried = get.pipe(
  ClerkConfig.withTimeout("50 millis"),
  ClerkConfig.withRetry(ClerkRetry.schedule({ times: 1, base: "20 millis" })),
  ClerkConfig.withDeadline("1 second"),
  Effect.catchTag("Timeout", (error) => Effect.succeed(error.message))
)

const program = Effect.gen(function* () {
  const clerk = yield* ClerkTest.ClerkTest
  for (const [name, call] of Object.entries({ patient, steady, byHand })) {
    yield* clerk.inject(ClerkTest.Fault.status(503), { times: 3 })
    yield* Console.log(`${name}: ${yield* call}`)
  }
  yield* clerk.inject(ClerkTest.Fault.hang, { times: 2 })
  yield* Console.log(`hurried: ${yield* hurried}`)
  yield* Console.log(`${(yield* clerk.requests).length} requests`)
})

NodeRuntime.runMain(Effect.provide(program, ClerkTest.layer({ sessions: [{ id: "sess_1" }] })))
