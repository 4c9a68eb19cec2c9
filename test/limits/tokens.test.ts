import type { HttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Layer, Logger, LogLevel, Redacted, TestClock } from "effect"
import { ClerkConfig, ClerkError, SessionTokens } from "effect-clerk"
import * as ClerkRateLimiter from "effect-clerk/ClerkRateLimiter"

import { type Mint, makeJwt, makeMint, numberOf } from "./fakeTokens.js"
import { makeHandClock } from "./support.js"

const tokenOf = (sessionId: string, options?: SessionTokens.TokenOptions) =>
  Effect.map(SessionTokens.get(sessionId, options), numberOf)

/** Runs a test over a Clerk that mints, and a cache. */
const withTokens =
  (
    options: Parameters<typeof makeMint>[0],
    test: (
      mints: ReadonlyArray<Mint>
    ) => Effect.Effect<
      void,
      unknown,
      SessionTokens.SessionTokens | HttpClient.HttpClient | ClerkConfig.ClerkConfig
    >,
    cache: SessionTokens.Options = {}
  ) =>
  () => {
    const { layer, mints } = makeMint(options)
    return test(mints).pipe(Effect.provide(Layer.merge(layer, SessionTokens.layer(cache))))
  }

const settle = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

describe("SessionTokens", () => {
  it.effect(
    "mints once for all who ask at once",
    withTokens({ delay: 50 }, (mints) =>
      Effect.gen(function* () {
        const fibers = yield* Effect.forEach(Array.from({ length: 100 }), () =>
          Effect.fork(tokenOf("sess_1"))
        )
        yield* settle
        yield* TestClock.adjust("50 millis")
        assert.deepStrictEqual([...new Set(yield* Fiber.join(Fiber.all(fibers)))], [1])
        assert.strictEqual(mints.length, 1)
      })
    )
  )

  it.effect(
    "mints once where the fibers that ask yield at every step",
    withTokens({ delay: 50 }, (mints) =>
      Effect.gen(function* () {
        const fibers = yield* Effect.forEach(Array.from({ length: 180 }), (_, index) =>
          Effect.fork(Effect.withMaxOpsBeforeYield(tokenOf(`sess_${index % 60}`), 12 + (index % 60)))
        )
        yield* settle
        yield* TestClock.adjust("50 millis")
        yield* Fiber.join(Fiber.all(fibers))
        assert.strictEqual(mints.length, 60)
      })
    )
  )

  it.effect(
    "goes on minting where the first caller, or every caller, is interrupted",
    withTokens({ delay: 50 }, (mints) =>
      Effect.gen(function* () {
        const first = yield* Effect.fork(tokenOf("sess_1"))
        yield* settle
        const second = yield* Effect.fork(tokenOf("sess_1"))
        yield* settle
        yield* Fiber.interrupt(first)
        yield* TestClock.adjust("50 millis")
        assert.strictEqual(yield* Fiber.join(second), 1)
        const only = yield* Effect.fork(tokenOf("sess_2"))
        yield* settle
        yield* Fiber.interrupt(only)
        yield* TestClock.adjust("50 millis")
        yield* settle
        assert.strictEqual(yield* tokenOf("sess_2"), 2)
        assert.strictEqual(mints.length, 2)
      })
    )
  )

  it.effect(
    "serves a token until the margin before its expiry, to the millisecond",
    withTokens({}, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* tokenOf("sess_1"), 1)
        yield* TestClock.adjust("49999 millis")
        assert.strictEqual(yield* tokenOf("sess_1"), 1)
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(yield* tokenOf("sess_1"), 2)
      })
    )
  )

  for (const skew of [-86_400, 86_400]) {
    it.effect(
      `serves for the same time where Clerk's clock is ${skew} seconds ahead`,
      withTokens({ skew }, () =>
        Effect.gen(function* () {
          assert.strictEqual(yield* tokenOf("sess_1"), 1)
          yield* TestClock.adjust("49999 millis")
          assert.strictEqual(yield* tokenOf("sess_1"), 1)
          yield* TestClock.adjust("1 millis")
          assert.strictEqual(yield* tokenOf("sess_1"), 2)
        })
      )
    )
  }

  it.effect(
    "counts the lifetime from the time at which the request was sent",
    withTokens({ delay: 3000, claims: { iat: 1000, exp: 1060, jti: 1 } }, (mints) =>
      Effect.gen(function* () {
        const minting = yield* Effect.fork(tokenOf("sess_1"))
        yield* settle
        yield* TestClock.adjust("3 seconds")
        yield* Fiber.join(minting)
        yield* TestClock.adjust("46999 millis")
        yield* tokenOf("sess_1")
        assert.strictEqual(mints.length, 1)
        yield* TestClock.adjust("1 millis")
        yield* Effect.fork(tokenOf("sess_1"))
        yield* settle
        assert.strictEqual(mints.length, 2)
      })
    )
  )

  it.effect("counts from the last attempt, and from the end of a wait for a turn", () => {
    const { layer, mints } = makeMint({
      respond: (_, count) => (count === 1 ? Effect.succeed(new Response("", { status: 503 })) : undefined)
    })
    return Effect.gen(function* () {
      yield* Effect.replicateEffect(
        Effect.ignore(SessionTokens.get("sess_none", { expiresIn: "1 minute" })),
        1
      )
      assert.strictEqual(mints.length, 1)
      const minting = yield* Effect.fork(tokenOf("sess_1"))
      yield* settle
      assert.strictEqual(mints.length, 1)
      // A turn every 10.001 seconds.
      yield* TestClock.adjust("10001 millis")
      yield* settle
      assert.strictEqual(yield* Fiber.join(minting), 2)
      yield* TestClock.adjust("49 seconds")
      assert.strictEqual(yield* tokenOf("sess_1"), 2)
    }).pipe(
      ClerkConfig.withoutRetry,
      Effect.provide(
        Layer.mergeAll(
          layer,
          SessionTokens.layer(),
          ClerkRateLimiter.layer({ quota: 1, maxWait: "20 seconds" })
        )
      )
    )
  })

  it.effect("serves nothing expired after the machine slept, which stops its timers", () => {
    const { layer, mints } = makeMint()
    const time = makeHandClock()
    return Effect.gen(function* () {
      yield* SessionTokens.get("sess_1")
      time.setWall(49_999)
      yield* SessionTokens.get("sess_1")
      assert.strictEqual(mints.length, 1)
      time.setWall(50_000)
      yield* SessionTokens.get("sess_1")
      assert.strictEqual(mints.length, 2)
    }).pipe(Effect.provide(Layer.merge(layer, SessionTokens.layer())), Effect.withClock(time.clock))
  })

  it.effect("serves nothing for longer after the clock was set back", () => {
    const { layer, mints } = makeMint({ delay: 3000, claims: { iat: 0, exp: 60, jti: 1 } })
    const time = makeHandClock()
    return Effect.gen(function* () {
      const minting = yield* Effect.fork(SessionTokens.get("sess_1"))
      yield* time.advanceTo(time.start + 3000)
      yield* Fiber.join(minting)
      time.setWall(-3_600_000)
      yield* time.advanceTo(time.start + 49_999)
      yield* SessionTokens.get("sess_1")
      assert.strictEqual(mints.length, 1)
      yield* time.advanceTo(time.start + 50_000)
      yield* Effect.fork(SessionTokens.get("sess_1"))
      yield* time.advanceTo(time.start + 50_000)
      assert.strictEqual(mints.length, 2)
    }).pipe(Effect.provide(Layer.merge(layer, SessionTokens.layer())), Effect.withClock(time.clock))
  })

  it.effect(
    "shares a failure with all who wait, and does not keep it",
    withTokens(
      {
        delay: 50,
        respond: (_, count) =>
          count === 1
            ? Effect.succeed(
                Response.json({ errors: [{ code: "resource_not_found", message: "gone" }] }, { status: 404 })
              )
            : undefined
      },
      (mints) =>
        Effect.gen(function* () {
          const fibers = yield* Effect.forEach(Array.from({ length: 5 }), () =>
            Effect.fork(Effect.flip(tokenOf("sess_1")))
          )
          yield* settle
          yield* TestClock.adjust("50 millis")
          for (const error of yield* Fiber.join(Fiber.all(fibers))) {
            assert.instanceOf(error, ClerkError.NotFound)
          }
          assert.strictEqual(mints.length, 1)
          const again = yield* Effect.fork(tokenOf("sess_1"))
          yield* settle
          yield* TestClock.adjust("50 millis")
          assert.strictEqual(yield* Fiber.join(again), 2)
        })
    )
  )

  it.effect(
    "mints anew after `invalidate`, even where a mint is under way, and keeps other sessions",
    withTokens({ delay: 50 }, () =>
      Effect.gen(function* () {
        const mint = (sessionId: string, options?: SessionTokens.TokenOptions) =>
          Effect.gen(function* () {
            const fiber = yield* Effect.fork(tokenOf(sessionId, options))
            yield* settle
            yield* TestClock.adjust("50 millis")
            return yield* Fiber.join(fiber)
          })
        assert.strictEqual(yield* mint("sess_1"), 1)
        assert.strictEqual(yield* mint("sess_1", { template: "hasura" }), 2)
        assert.strictEqual(yield* mint("sess_2"), 3)
        yield* SessionTokens.invalidate("sess_1")
        assert.strictEqual(yield* mint("sess_1"), 4)
        assert.strictEqual(yield* mint("sess_1", { template: "hasura" }), 5)
        assert.strictEqual(yield* mint("sess_2"), 3)

        const old = yield* Effect.fork(tokenOf("sess_3"))
        yield* settle
        yield* SessionTokens.invalidate("sess_3")
        yield* TestClock.adjust("25 millis")
        const fresh = yield* Effect.fork(tokenOf("sess_3"))
        yield* settle
        yield* TestClock.adjust("50 millis")
        assert.strictEqual(yield* Fiber.join(old), 6)
        assert.strictEqual(yield* Fiber.join(fresh), 7)
        assert.strictEqual(yield* mint("sess_3"), 7)
        // The end of the old token does not remove the new one.
        yield* TestClock.adjust("49890 millis")
        assert.strictEqual(yield* tokenOf("sess_3"), 7)
      })
    )
  )

  it.effect(
    "tells tokens apart by session, template and lifetime, and equal lifetimes are one",
    withTokens({ lifetime: 600 }, (mints) =>
      Effect.gen(function* () {
        for (const expiresIn of ["60 seconds", "1 minute", 60_000, Duration.minutes(1)] as const) {
          assert.strictEqual(yield* tokenOf("sess_1", { expiresIn }), 1)
        }
        assert.strictEqual(yield* tokenOf("sess_1"), 2)
        assert.strictEqual(yield* tokenOf("sess_1", { expiresIn: "61 seconds" }), 3)
        assert.strictEqual(yield* tokenOf("sess_1", { template: "60", expiresIn: "1 minute" }), 4)
        assert.strictEqual(yield* tokenOf("sess_1", { template: "hasura" }), 5)
        assert.deepStrictEqual(
          mints.map(({ body, path }) => [path, body]),
          [
            ["/v1/sessions/sess_1/tokens", '{"expires_in_seconds":60}'],
            ["/v1/sessions/sess_1/tokens", ""],
            ["/v1/sessions/sess_1/tokens", '{"expires_in_seconds":61}'],
            ["/v1/sessions/sess_1/tokens/60", '{"expires_in_seconds":60}'],
            ["/v1/sessions/sess_1/tokens/hasura", ""]
          ]
        )
      })
    )
  )

  it.effect(
    "keeps tokens of different secret keys and API addresses apart",
    withTokens({}, (mints) =>
      Effect.gen(function* () {
        const using = (secretKey: string, apiUrl?: string) =>
          Effect.updateService(tokenOf("sess_1"), ClerkConfig.ClerkConfig, (settings) => ({
            ...settings,
            secretKey: Redacted.make(secretKey),
            ...(apiUrl === undefined ? {} : { apiUrl })
          }))
        assert.strictEqual(yield* using("sk_test_one"), 1)
        assert.strictEqual(yield* using("sk_test_two"), 2)
        assert.strictEqual(yield* using("sk_test_one", "https://clerk.example"), 3)
        assert.strictEqual(yield* using("sk_test_one"), 1)
        assert.strictEqual(yield* using("sk_test_two"), 2)
        assert.deepStrictEqual(
          mints.map(({ key }) => key),
          ["Bearer sk_test_one", "Bearer sk_test_two", "Bearer sk_test_one"]
        )
      })
    )
  )

  for (const [name, claims] of Object.entries({
    "without `exp`": { iat: 0 },
    "without `iat`": { exp: 1e10 },
    "with an `exp` that is no number": { iat: 0, exp: "60" },
    "that lives no longer than the margin": { iat: 0, exp: 10 }
  })) {
    it.effect(
      `does not keep a token ${name}`,
      withTokens({ claims }, (mints) =>
        Effect.gen(function* () {
          yield* SessionTokens.get("sess_1")
          yield* SessionTokens.get("sess_1")
          assert.strictEqual(mints.length, 2)
        })
      )
    )
  }

  it.effect(
    "does not keep what is no JWT",
    withTokens({ respond: () => Effect.succeed(Response.json({ jwt: "opaque" })) }, (mints) =>
      Effect.gen(function* () {
        yield* SessionTokens.get("sess_1")
        const { jwt } = yield* SessionTokens.get("sess_1")
        assert.strictEqual(Redacted.value(jwt), "opaque")
        assert.strictEqual(mints.length, 2)
      })
    )
  )

  it.effect(
    "mints without keeping where the capacity is reached, until a token expires",
    withTokens(
      {},
      (mints) =>
        Effect.gen(function* () {
          yield* tokenOf("sess_1")
          yield* tokenOf("sess_2")
          assert.strictEqual(yield* tokenOf("sess_3"), 3)
          assert.strictEqual(yield* tokenOf("sess_3"), 4)
          assert.strictEqual(yield* tokenOf("sess_1"), 1)
          yield* TestClock.adjust("50 seconds")
          assert.strictEqual(yield* tokenOf("sess_3"), 5)
          assert.strictEqual(yield* tokenOf("sess_3"), 5)
          assert.strictEqual(mints.length, 5)
        }),
      { capacity: 2 }
    )
  )

  it.effect(
    "refuses senseless arguments as the operations do",
    withTokens({}, (mints) =>
      Effect.gen(function* () {
        const senseless: ReadonlyArray<readonly [unknown, unknown]> = [
          ["", {}],
          [undefined, {}],
          ["sess_1", { template: "" }],
          ["sess_1", { template: 5 }],
          ["sess_1", { expiresIn: 30 }],
          ["sess_1", { expiresIn: "soon" }],
          [makeJwt({}).replace(/^/, "eyJ"), {}]
        ]
        for (const [sessionId, options] of senseless) {
          // Arguments that the types do not allow.
          const error = yield* Effect.flip(
            SessionTokens.get(sessionId as string, options as SessionTokens.TokenOptions)
          )
          assert.instanceOf(error, ClerkError.InvalidRequest)
        }
        assert.strictEqual(mints.length, 0)
      })
    )
  )

  it.effect("fails the layer with a ConfigError that names a senseless option", () =>
    Effect.gen(function* () {
      for (const [name, options] of [
        ["margin", { margin: -1 }],
        ["margin", { margin: Duration.infinity }],
        ["capacity", { capacity: 0 }],
        ["capacity", { capacity: 1.5 }]
      ] as const) {
        const error = yield* Effect.flip(Effect.scoped(Layer.build(SessionTokens.layer(options))))
        assert.match(String(error), new RegExp(`\\b${name}\\b.*must be`, "s"))
      }
    })
  )

  it.effect("mints in the context of the caller, and logs nothing about failures", () => {
    const lines: Array<unknown> = []
    const { layer } = makeMint({ respond: () => Effect.succeed(new Response("", { status: 418 })) })
    const other = makeMint()
    return Effect.gen(function* () {
      yield* Effect.flip(tokenOf("sess_1"))
      // The limiter and the client of the layer's own construction play no role.
      assert.strictEqual(yield* Effect.provide(tokenOf("sess_1"), other.layer), 1)
    }).pipe(
      Effect.provide(
        Layer.mergeAll(
          layer,
          Layer.provide(SessionTokens.layer(), layer),
          Logger.replace(
            Logger.defaultLogger,
            Logger.make(({ message }) => {
              lines.push(message)
            })
          ),
          Logger.minimumLogLevel(LogLevel.All)
        )
      ),
      Effect.tap(() => {
        assert.deepStrictEqual(lines, [])
      })
    )
  })

  it.effect(
    "goes on in an uninterruptible region, and after its layer was closed",
    withTokens({}, (mints) =>
      Effect.gen(function* () {
        const kept = yield* Deferred.make<SessionTokens.Service>()
        yield* Effect.scoped(
          Effect.gen(function* () {
            const context = yield* Layer.build(Layer.fresh(SessionTokens.layer()))
            const service = yield* Effect.provide(SessionTokens.SessionTokens, context)
            yield* Effect.uninterruptible(service.get("sess_1"))
            yield* Effect.addFinalizer(() => Effect.ignore(service.get("sess_1")))
            yield* Deferred.succeed(kept, service)
          })
        )
        assert.strictEqual(mints.length, 1)
        const service = yield* Deferred.await(kept)
        assert.isTrue(Exit.isSuccess(yield* Effect.exit(service.get("sess_1"))))
        assert.strictEqual(mints.length, 2)
      })
    )
  )
})
