/**
 * A small program and its tests: with mocks of single operations, with a fake Clerk in memory, and with the same fake on a
 * port; with injected faults; and as time passes.
 */
import { createServer } from "node:http"

import { FetchHttpClient } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, TestClock } from "effect"
import { ClerkError, Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"

/** Signs a user out everywhere, and returns how many sessions that ended. */
const signOutEverywhere = (userId: string) =>
  Effect.gen(function* () {
    const sessions = yield* Sessions.list({ userId, status: "active", limit: 500 })
    const revoked = yield* Effect.forEach(sessions, ({ id }) =>
      Sessions.revoke(id).pipe(
        Effect.as(1),
        Effect.catchTag("NotFound", () => Effect.succeed(0))
      )
    )
    return revoked.reduce((sum, one) => sum + one, 0)
  })

describe("with mocks of single operations", () => {
  it.effect("tolerates a session that no longer exists when it is revoked", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* signOutEverywhere("user_1"), 1)
    }).pipe(
      Effect.provide(
        ClerkTest.layerMock({
          list: () =>
            Effect.succeed([ClerkTest.session({ id: "sess_1" }), ClerkTest.session({ id: "sess_2" })]),
          revoke: (id) =>
            id === "sess_1"
              ? Effect.succeed(ClerkTest.session({ id, status: "revoked" }))
              : ClerkTest.Failure.notFound()
        })
      )
    )
  )

  it.effect("revokes nothing if nothing is active", () =>
    Effect.gen(function* () {
      // An operation without a mock dies, so this test fails if anything is revoked.
      assert.strictEqual(yield* signOutEverywhere("user_1"), 0)
    }).pipe(Effect.provide(ClerkTest.layerMock({ list: () => Effect.succeed([]) })))
  )
})

/** Two active sessions of the user, an ended one, and one of another user. */
const clerk: ClerkTest.Options = {
  sessions: [
    { id: "sess_1", userId: "user_1" },
    { id: "sess_2", userId: "user_1" },
    { id: "sess_3", userId: "user_1", status: "ended" },
    { id: "sess_4", userId: "user_2" }
  ]
}

const statuses = Effect.gen(function* () {
  const { sessions } = yield* ClerkTest.ClerkTest
  return Object.fromEntries((yield* sessions).map(({ id, status }) => [id, status]))
})

const signedOut = { sess_1: "revoked", sess_2: "revoked", sess_3: "ended", sess_4: "active" }

describe("with a fake Clerk in memory", () => {
  it.effect("ends every active session of the user, and no other", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* signOutEverywhere("user_1"), 2)
      assert.deepStrictEqual(yield* statuses, signedOut)
      assert.strictEqual(yield* signOutEverywhere("user_1"), 0)
    }).pipe(Effect.provide(ClerkTest.layer(clerk)))
  )

  it.effect("requests active sessions only", () =>
    Effect.gen(function* () {
      const { requests } = yield* ClerkTest.ClerkTest
      yield* signOutEverywhere("user_1")
      const [list, ...others] = yield* requests
      assert.deepStrictEqual(list?.query, { user_id: "user_1", status: "active", limit: "500" })
      assert.deepStrictEqual(
        others.map(({ operation }) => operation),
        ["Sessions.revoke", "Sessions.revoke"]
      )
    }).pipe(Effect.provide(ClerkTest.layer(clerk)))
  )

  it.effect("retries after a rate limit, a closed connection and a lost response", () =>
    Effect.gen(function* () {
      const { inject } = yield* ClerkTest.ClerkTest
      yield* inject(ClerkTest.Fault.reset, { operation: "Sessions.list" })
      yield* inject(ClerkTest.Fault.rateLimited("20 seconds"), { operation: "Sessions.revoke" })
      yield* inject(ClerkTest.Fault.responseLost, { operation: "Sessions.revoke" })
      const fiber = yield* Effect.fork(signOutEverywhere("user_1"))
      // Retries and timeouts run on the test clock: the test does not wait.
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(fiber), 2)
      assert.deepStrictEqual(yield* statuses, signedOut)
    }).pipe(Effect.provide(ClerkTest.layer(clerk)))
  )

  it.effect("fails with Timeout if Clerk never responds", () =>
    Effect.gen(function* () {
      const { inject } = yield* ClerkTest.ClerkTest
      yield* inject(ClerkTest.Fault.hang, { operation: "Sessions.revoke", times: 100 })
      const fiber = yield* Effect.fork(Effect.flip(signOutEverywhere("user_1")))
      yield* TestClock.adjust("2 minutes")
      assert.instanceOf(yield* Fiber.join(fiber), ClerkError.Timeout)
    }).pipe(Effect.provide(ClerkTest.layer(clerk)))
  )

  it.effect("does not revoke sessions that have expired", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("8 days")
      assert.strictEqual(yield* signOutEverywhere("user_1"), 0)
      assert.strictEqual((yield* statuses)["sess_1"], "expired")
    }).pipe(Effect.provide(ClerkTest.layer(clerk)))
  )
})

describe("with the same fake on a port", () => {
  const ServerLive = Layer.merge(
    Layer.provide(
      ClerkTest.layerServer(clerk),
      NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })
    ),
    // The real HTTP client of the program, over a real socket.
    FetchHttpClient.layer
  )

  it.live("ends every active session of the user, and no other", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* signOutEverywhere("user_1"), 2)
      assert.deepStrictEqual(yield* statuses, signedOut)
    }).pipe(Effect.provide(ServerLive))
  )
})
