import type { HttpClient } from "@effect/platform/HttpClient"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { type ClerkConfig, ClerkError, Session, Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as Jose from "jose"

describe("fixtures", () => {
  it("session has defaults that follow from the given fields", () => {
    const session = ClerkTest.session()
    assert.isTrue(Schema.is(Session.Session)(session))
    deepStrictEqual(ClerkTest.session(), session)
    assert.strictEqual(session.status, "active")
    assert.strictEqual(session.createdAt.epochMillis, 0)
    assert.strictEqual(session.expireAt.epochMillis, Duration.toMillis("7 days"))
    assert.strictEqual(session.abandonAt.epochMillis, Duration.toMillis("30 days"))
    const createdAt = DateTime.unsafeMake(1000)
    deepStrictEqual(ClerkTest.session({ id: "sess_9", status: "a new one", createdAt }), {
      ...session,
      id: Session.SessionId.make("sess_9"),
      status: "a new one",
      createdAt,
      updatedAt: createdAt,
      lastActiveAt: createdAt,
      expireAt: DateTime.add(createdAt, { days: 7 }),
      abandonAt: DateTime.add(createdAt, { days: 30 })
    })
  })

  it("errors makes entries of an envelope", () => {
    deepStrictEqual(ClerkTest.errors(), [])
    deepStrictEqual(ClerkTest.errors("resource_not_found", { code: "a", message: "B", longMessage: "C" }), [
      { code: "resource_not_found", message: "resource not found", longMessage: Option.none(), meta: {} },
      { code: "a", message: "B", longMessage: Option.some("C"), meta: {} }
    ])
  })

  it("session takes plain values for optional fields", () => {
    const session = ClerkTest.session({
      actor: { sub: "user_admin" },
      lastActiveOrganizationId: "org_1",
      latestActivity: ClerkTest.activity({ city: "Vienna" })
    })
    deepStrictEqual(session.actor, Option.some({ sub: "user_admin" }))
    deepStrictEqual(session.lastActiveOrganizationId, Option.some(Session.OrganizationId.make("org_1")))
    deepStrictEqual(
      Option.flatMap(session.latestActivity, ({ city }) => city),
      Option.some("Vienna")
    )
    deepStrictEqual(ClerkTest.session(session), session)
  })

  it("session with idleFor was last active that long ago", () => {
    const day = Duration.toMillis("1 day")
    const idle = ClerkTest.session({ idleFor: "40 days" })
    assert.strictEqual(idle.lastActiveAt.epochMillis, -40 * day)
    assert.strictEqual(idle.createdAt.epochMillis, -40 * day)
    assert.strictEqual(idle.abandonAt.epochMillis, -10 * day)
    assert.strictEqual(idle.status, "active")
    const createdAt = DateTime.unsafeMake(-50 * day)
    assert.strictEqual(ClerkTest.session({ idleFor: "40 days", createdAt }).createdAt, createdAt)
  })

  it.effect("a session of the fake with idleFor is as old, on the clock of the test", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_700_000_000_000)
      const clerk = yield* ClerkTest.ClerkTest
      const { lastActiveAt, status } = yield* clerk.addSession({ userId: "user_1", idleFor: "40 days" })
      assert.strictEqual(lastActiveAt.epochMillis, 1_700_000_000_000 - Duration.toMillis("40 days"))
      assert.strictEqual(status, "abandoned")
    }).pipe(Effect.provide(ClerkTest.layer()))
  )

  it("activity has defaults", () => {
    const activity = ClerkTest.activity()
    assert.isTrue(Schema.is(Session.SessionActivity)(activity))
    deepStrictEqual(ClerkTest.activity({ city: "Vienna", isMobile: true, country: Option.some("AT") }), {
      ...activity,
      city: Option.some("Vienna"),
      isMobile: true,
      country: Option.some("AT")
    })
  })
})

describe("signedIn", () => {
  it.effect("creates a session with a token, and revokes the session when the scope closes", () =>
    Effect.gen(function* () {
      const { session, token } = yield* Effect.scoped(
        Effect.gen(function* () {
          const { session, token } = yield* ClerkTest.signedIn({ userId: "user_new" })
          assert.strictEqual((yield* Sessions.get(session.id)).status, "active")
          return { session, token }
        })
      )
      assert.strictEqual(Jose.decodeJwt(Redacted.value(token))["sid"], session.id)
      assert.strictEqual((yield* Sessions.get(session.id)).status, "revoked")
    }).pipe(Effect.provide(ClerkTest.layer()))
  )

  it.effect("revokes the session when its user fails, and tolerates a Clerk that is down by then", () =>
    Effect.gen(function* () {
      const clerk = yield* ClerkTest.ClerkTest
      const fail = Effect.zipRight(ClerkTest.signedIn({ userId: "user_1" }), Effect.fail("no"))
      yield* Effect.exit(Effect.scoped(fail))
      deepStrictEqual(
        (yield* clerk.sessions).map(({ status }) => status),
        ["revoked"]
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* ClerkTest.signedIn({ userId: "user_1" })
          yield* clerk.inject(ClerkTest.Fault.status(403), { operation: "Sessions.revoke" })
        })
      )
    }).pipe(Effect.provide(ClerkTest.layer()))
  )

  it.effect("fails like Clerk without a fake in the context", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.scoped(ClerkTest.signedIn({ userId: "user_1" })))
      assert.instanceOf(error, ClerkError.NotFound)
    }).pipe(Effect.provide(ClerkTest.layerMock({ create: () => ClerkTest.Failure.notFound() })))
  )

  it("needs what the operations need, and a scope", () => {
    expectTypeOf<Effect.Effect.Context<ReturnType<typeof ClerkTest.signedIn>>>().toEqualTypeOf<
      HttpClient | ClerkConfig.ClerkConfig | Scope.Scope
    >()
  })
})

describe("advance", () => {
  it.effect("lets real work end before each step", () =>
    Effect.gen(function* () {
      const times: Array<number> = []
      // TestClock.adjust waits for fewer turns of the event loop.
      const turns = async () => {
        for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve))
      }
      const round = Effect.gen(function* () {
        yield* Effect.promise(turns)
        yield* Effect.sleep("1 second")
        times.push(yield* Clock.currentTimeMillis)
      })
      const fiber = yield* Effect.fork(Effect.replicateEffect(round, 5))
      yield* ClerkTest.advance("5 seconds")
      assert.strictEqual(yield* Clock.currentTimeMillis, 5000)
      yield* Fiber.join(fiber)
      deepStrictEqual(times, [1000, 2000, 3000, 4000, 5000])
    })
  )

  it.effect("moves the clock by the whole duration without any work", () =>
    Effect.gen(function* () {
      yield* ClerkTest.advance("8 days")
      assert.strictEqual(yield* Clock.currentTimeMillis, Duration.toMillis("8 days"))
    })
  )
})
