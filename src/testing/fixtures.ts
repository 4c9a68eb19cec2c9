/**
 * Values for tests, and a `TestClock` that waits for real asynchronous work.
 *
 * @module
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberStatus from "effect/FiberStatus"
import * as TestClock from "effect/TestClock"

import type * as ClerkError from "../ClerkError.js"
import type * as Session from "../Session.js"
import { entries, type EntryInit } from "./internal/entries.js"
import { exampleSession } from "./internal/fakeClerk.js"
import { withObservedFiber } from "./internal/holdTestClock.js"
import * as SessionModel from "./internal/session.js"

/**
 * Makes a session: active, created at the epoch (where a `TestClock` starts), with Clerk's default lifetimes.
 *
 * **Details**
 *
 * Fields that are not given are the same in every call. Other fields follow from those that are given.
 *
 * **Example** (A session that was idle for 40 days)
 *
 * ```ts
 * import { ClerkTest } from "effect-clerk/testing"
 *
 * export const idle = ClerkTest.session({ userId: "user_1", idleFor: "40 days" })
 * ```
 *
 * @since 0.1.0
 * @category fixtures
 */
export const session = (init: SessionModel.SessionInit = {}): Session.Session => exampleSession(init)

/**
 * Makes the latest activity of a session.
 *
 * **Example** (A session that was last used in Vienna)
 *
 * ```ts
 * import { ClerkTest } from "effect-clerk/testing"
 *
 * export const session = ClerkTest.session({ latestActivity: ClerkTest.activity({ city: "Vienna" }) })
 * ```
 *
 * @since 0.1.0
 * @category fixtures
 */
export const activity = (init: SessionModel.ActivityInit = {}): Session.SessionActivity =>
  SessionModel.activity(init)

/**
 * Makes the entries of an error envelope, from codes or from fields.
 *
 * **Example** (A fault with two errors)
 *
 * ```ts
 * import { ClerkTest } from "effect-clerk/testing"
 *
 * export const invalid = ClerkTest.Fault.status(
 *   422,
 *   ClerkTest.errors("form_param_missing", { code: "form_param_unknown", meta: { param_name: "usr_id" } })
 * )
 * ```
 *
 * @since 0.1.0
 * @category fixtures
 */
export const errors = (...inits: ReadonlyArray<EntryInit>): ReadonlyArray<ClerkError.ErrorEntry> =>
  entries(...inits)

/**
 * Adjusts the `TestClock` in steps. Before each step it lets real asynchronous work end, such as a signature.
 *
 * **Details**
 *
 * `TestClock.adjust` waits for no promise: a program that verifies a token between two sleeps is still verifying when
 * the time of the second sleep passes. `advance` gives such work time to end. Work of the fake Clerk itself needs no
 * `advance`.
 *
 * **Gotchas**
 *
 * It waits for work of the event loop and of Web Crypto. It does not wait for the network.
 *
 * **Example** (A program that signs between two sleeps)
 *
 * ```ts
 * import { Sessions } from "effect-clerk"
 * import { ClerkTest } from "effect-clerk/testing"
 * import { Effect, Fiber } from "effect"
 *
 * export const test = Effect.gen(function* () {
 *   const program = Effect.zipRight(Effect.sleep("1 minute"), Sessions.createToken("sess_1"))
 *   const fiber = yield* Effect.fork(Effect.replicateEffect(program, 3))
 *   yield* ClerkTest.advance("3 minutes")
 *   return yield* Fiber.join(fiber)
 * })
 * ```
 *
 * @since 0.1.0
 * @category clock
 */
export const advance = (duration: Duration.DurationInput): Effect.Effect<void> =>
  withObservedFiber(Effect.as(realWork, FiberStatus.done), TestClock.adjust(duration))

/**
 * Takes longer than a signature: Web Crypto starts its jobs in order, so earlier jobs have ended after this one. Some
 * turns of the event loop let the fibers continue that waited for them.
 */
const realWork = Effect.promise(async () => {
  await crypto.subtle.digest("SHA-512", new Uint8Array(1024 * 1024))
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setTimeout(resolve))
})
