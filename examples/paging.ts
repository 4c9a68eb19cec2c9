/** Streams the sessions of a user page by page. A page is requested when it is needed. */
import { NodeRuntime } from "@effect/platform-node"
import { Array, Console, Effect, Option, Stream } from "effect"
import { Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"

const sessions = Sessions.stream({ userId: "user_1", pageSize: 2 })

const program = Effect.gen(function* () {
  const clerk = yield* ClerkTest.ClerkTest
  const requested = Effect.map(clerk.requests, (requests) => requests.length)

  yield* Console.log(`${yield* Stream.runCount(sessions)} sessions, from ${yield* requested} pages`)

  // The third session is on the second page: the last page is not requested.
  const before = yield* requested
  const three = yield* sessions.pipe(Stream.take(3), Stream.runCollect)
  yield* Console.log(`${three.length} sessions, from ${(yield* requested) - before} pages`)

  // One page, and the number of sessions on all pages.
  const { data, totalCount } = yield* Sessions.listPage({ userId: "user_1", limit: 2, offset: 4 })
  yield* Console.log(`${data.length} of ${Option.getOrElse(totalCount, () => "?")}`)
})

const ClerkLive = ClerkTest.layer({ sessions: Array.makeBy(5, () => ({ userId: "user_1" })) })

NodeRuntime.runMain(Effect.provide(program, ClerkLive))
