import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { ClerkConfig, ClerkRetry, Sessions } from "effect-clerk"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"

import * as Stub from "./utils/stub.js"

const secretKey = Redacted.make(Stub.secretKey)

const settings = <E>(layer: Layer.Layer<ClerkConfig.ClerkConfig, E>) =>
  ClerkConfig.ClerkConfig.pipe(Effect.provide(layer))

const refused = (options: object) =>
  Effect.flip(settings(ClerkConfig.layer({ secretKey, ...options }))).pipe(Effect.map(String))

describe("layer", () => {
  it.effect("fills in the defaults", () =>
    Effect.gen(function* () {
      const { retry, ...others } = yield* settings(ClerkConfig.layer({ secretKey }))
      deepStrictEqual(others, {
        secretKey,
        apiUrl: "https://api.clerk.com",
        apiVersion: "2026-05-12",
        timeout: Duration.seconds(10),
        deadline: Duration.seconds(30),
        userAgent: "effect-clerk/0.1.0",
        maxResponseSize: 16_777_216,
        traceAttempts: false
      })
      assert.isTrue(Schedule.isSchedule(retry))
    })
  )

  it.effect("takes every option", () =>
    Effect.gen(function* () {
      const retry = ClerkRetry.schedule({ times: 7 })
      const all = yield* settings(
        ClerkConfig.layer({
          secretKey: Redacted.make(` ${Stub.secretKey}\n`),
          apiUrl: "http://127.0.0.1:8080/clerk/v1/",
          apiVersion: "2025-04-10",
          timeout: Duration.infinity,
          deadline: "1 minute",
          retry,
          userAgent: "my-app/1.0 (test)",
          maxResponseSize: 1000,
          traceAttempts: true
        })
      )
      deepStrictEqual(all, {
        secretKey,
        apiUrl: "http://127.0.0.1:8080/clerk",
        apiVersion: "2025-04-10",
        timeout: Duration.infinity,
        deadline: Duration.minutes(1),
        retry,
        userAgent: "my-app/1.0 (test)",
        maxResponseSize: 1000,
        traceAttempts: true
      })
    })
  )

  for (const [apiUrl, base] of [
    ["https://api.clerk.com/v1", "https://api.clerk.com"],
    ["https://api.clerk.com/v1/", "https://api.clerk.com"],
    ["https://api.clerk.com//", "https://api.clerk.com"],
    ["https://proxy.example.com/clerk/", "https://proxy.example.com/clerk"],
    ["http://localhost:3000", "http://localhost:3000"],
    ["http://clerk.localhost", "http://clerk.localhost"],
    ["http://127.0.0.2:1", "http://127.0.0.2:1"],
    ["http://[::1]:1/v1", "http://[::1]:1"]
  ] as const) {
    it.effect(`sends to ${apiUrl}`, () =>
      Effect.gen(function* () {
        const stub = Stub.make(() => Stub.json(Stub.wireSession), { apiUrl })
        yield* Sessions.get("sess_1").pipe(Effect.provide(stub.layer))
        assert.strictEqual(stub.seen[0]?.url.href, `${base}/v1/sessions/sess_1`)
      })
    )
  }

  const cases: ReadonlyArray<readonly [name: string, options: object, message: RegExp]> = [
    ["a publishable key", { secretKey: Redacted.make("pk_test_hidden") }, /secretKey.*publishable key/],
    ["a token as key", { secretKey: Redacted.make("eyJhidden.a.b") }, /secretKey.*JWT/],
    ["an empty key", { secretKey: Redacted.make("  ") }, /secretKey.*is empty/],
    [
      "a key with a line break",
      { secretKey: Redacted.make("sk_hidden\nsk_hidden") },
      /secretKey.*white space/
    ],
    ["a key with an umlaut", { secretKey: Redacted.make("sk_hidden_ü") }, /secretKey.*ASCII/],
    ["a key that is not Redacted", { secretKey: "sk_hidden" }, /secretKey.*Redacted\.make/],
    ["no key", { secretKey: undefined }, /secretKey.*Redacted\.make/],
    ["plain http", { apiUrl: "http://api.clerk.com" }, /apiUrl.*https:/],
    ["http to a host that only looks local", { apiUrl: "http://127.0.0.1.example.com" }, /apiUrl.*https:/],
    ["another protocol", { apiUrl: "ftp://api.clerk.com" }, /apiUrl.*https:/],
    ["a relative address", { apiUrl: "/v1" }, /apiUrl.*absolute URL/],
    ["credentials in the address", { apiUrl: "https://user:hidden@api.clerk.com" }, /apiUrl.*credentials/],
    ["a query in the address", { apiUrl: "https://api.clerk.com?hidden" }, /apiUrl.*query/],
    ["a fragment in the address", { apiUrl: "https://api.clerk.com#hidden" }, /apiUrl.*fragment/],
    ["a line break in a header", { apiVersion: "2026\r\nx: hidden" }, /apiVersion.*ASCII/],
    ["an empty user agent", { userAgent: "" }, /userAgent.*not empty/],
    ["a timeout of zero", { timeout: 0 }, /timeout.*longer than zero/],
    ["a timeout that is none", { timeout: "hidden" }, /timeout.*not a duration/],
    ["a policy that is none", { retry: {} }, /retry.*ClerkRetry/],
    ["half a byte", { maxResponseSize: 0.5 }, /maxResponseSize.*whole number/],
    ["no bytes at all", { maxResponseSize: 0 }, /maxResponseSize.*above zero/]
  ]
  for (const [name, options, message] of cases) {
    it.effect(`refuses ${name}`, () =>
      Effect.gen(function* () {
        const error = yield* refused(options)
        assert.match(error, message)
        assert.notInclude(error, "hidden")
      })
    )
  }
})

describe("make", () => {
  it("validates without a layer", () => {
    assert.isTrue(Exit.isSuccess(Effect.runSyncExit(ClerkConfig.make({ secretKey }))))
    assert.isTrue(Exit.isFailure(Effect.runSyncExit(ClerkConfig.make({ secretKey: Redacted.make("") }))))
  })
})

describe("from the ConfigProvider", () => {
  const from = <A, E, R>(entries: Record<string, string>, self: Effect.Effect<A, E, R>) =>
    Effect.withConfigProvider(self, ConfigProvider.fromMap(new Map(Object.entries(entries))))

  it.effect("layerEnv reads four names, and wants only one", () =>
    Effect.gen(function* () {
      const all = yield* from(
        {
          CLERK_SECRET_KEY: Stub.secretKey,
          CLERK_API_URL: "http://localhost:1/v1",
          CLERK_API_VERSION: "2025-04-10",
          CLERK_TIMEOUT: "3 seconds"
        },
        settings(ClerkConfig.layerEnv)
      )
      deepStrictEqual(
        [Redacted.value(all.secretKey), all.apiUrl, all.apiVersion, all.timeout],
        [Stub.secretKey, "http://localhost:1", "2025-04-10", Duration.seconds(3)]
      )
      const one = yield* from({ CLERK_SECRET_KEY: Stub.secretKey }, settings(ClerkConfig.layerEnv))
      deepStrictEqual(
        [one.apiUrl, one.apiVersion, one.timeout],
        ["https://api.clerk.com", "2026-05-12", Duration.seconds(10)]
      )
    })
  )

  it.effect("layerEnv names the variable at fault", () =>
    Effect.gen(function* () {
      const error = (entries: Record<string, string>) =>
        from(entries, Effect.flip(settings(ClerkConfig.layerEnv))).pipe(Effect.map(String))
      assert.match(yield* error({}), /CLERK_SECRET_KEY/)
      assert.match(yield* error({ CLERK_SECRET_KEY: "pk_test_hidden" }), /CLERK_SECRET_KEY.*publishable/)
      assert.notInclude(yield* error({ CLERK_SECRET_KEY: "pk_test_hidden" }), "hidden")
      const others = { CLERK_SECRET_KEY: Stub.secretKey }
      assert.match(yield* error({ ...others, CLERK_API_URL: "http://example.com" }), /CLERK_API_URL/)
      assert.match(yield* error({ ...others, CLERK_TIMEOUT: "soon" }), /CLERK_TIMEOUT/)
      assert.match(yield* error({ ...others, CLERK_TIMEOUT: "0 seconds" }), /CLERK_TIMEOUT/)
    })
  )

  it.effect("layerConfig reads names of one's own", () =>
    Effect.gen(function* () {
      const layer = ClerkConfig.layerConfig({
        secretKey: Config.redacted("KEY"),
        timeout: Config.duration("TIME").pipe(Config.withDefault("1 minute")),
        retry: Config.succeed(Schedule.stop)
      })
      const all = yield* from({ KEY: Stub.secretKey }, settings(layer))
      deepStrictEqual(
        [Redacted.value(all.secretKey), all.timeout, all.retry],
        [Stub.secretKey, Duration.minutes(1), Schedule.stop]
      )
      assert.match(String(yield* from({}, Effect.flip(settings(layer)))), /KEY/)
    })
  )
})
