/** Page after page as a stream: a page is asked for when it is needed, and not before. */
import { NodeRuntime } from "@effect/platform-node"
import { Array, Console, Effect, Option, Stream } from "effect"
import { Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"

const sessions = Sessions.stream({ userId: "user_1", pageSize: 2 })

const program = Effect.gen(function* () {
  const clerk = yield* ClerkTest.ClerkTest
  const asked = Effect.map(clerk.requests, (requests) => requests.length)

  yield* Console.log(`${yield* Stream.runCount(sessions)} sessions, from ${yield* asked} pages`)

  // Enough is enough: the third is on the second page, and the last page is never asked for.
  const before = yield* asked
  const three = yield* sessions.pipe(Stream.take(3), Stream.runCollect)
  yield* Console.log(`${three.length} sessions, from ${(yield* asked) - before} pages`)

  // One page by hand, and how many sessions there are in all.
  const { data, totalCount } = yield* Sessions.listPage({ userId: "user_1", limit: 2, offset: 4 })
  yield* Console.log(`${data.length} of ${Option.getOrElse(totalCount, () => "?")}`)
})

const ClerkLive = ClerkTest.layer({ sessions: Array.makeBy(5, () => ({ userId: "user_1" })) })

NodeRuntime.runMain(Effect.provide(program, ClerkLive))
