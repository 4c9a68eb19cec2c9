import * as Util from "node:util"

import * as HttpClient from "@effect/platform/HttpClient"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import {
  Cause,
  Duration,
  Effect,
  Either,
  Exit,
  FastCheck,
  Fiber,
  Layer,
  Option,
  Redacted,
  Stream,
  TestClock
} from "effect"
import { ClerkConfig, ClerkRetry, Sessions } from "effect-clerk"

import * as Config from "../support/config.js"
import * as Mock from "../support/mock.js"
import { type Call, outcomeOf, refreshParams as refresh } from "../support/operations.js"
import { cases, forAll } from "../support/property.js"
import * as Wire from "../support/wire.js"

const wiped = Redacted.make("sess_1")
Redacted.unsafeWipe(wiped)

/** What a caller without types may pass in place of a string, a number, a duration or an object. */
const values: ReadonlyArray<unknown> = [
  undefined,
  null,
  true,
  0,
  7,
  -1,
  0.5,
  Number.NaN,
  Infinity,
  7n,
  "",
  [],
  ["sess_1"],
  {},
  { toString: () => "sess_1" },
  Object.create(null),
  new Date(Number.NaN),
  Symbol("sess_1"),
  () => "sess_1",
  Redacted.make("sess_1"),
  wiped,
  Option.some("sess_1"),
  Effect.void
]

const show = (value: unknown): string => Util.inspect(value)

/** The operations without types. */
const untyped = Sessions as unknown as {
  readonly [name: string]: (...args: ReadonlyArray<unknown>) => unknown
}

/** Calls an operation. It must not throw: failures belong into the effect. */
const call = (name: string, ...args: ReadonlyArray<unknown>): Call => {
  const made = untyped[name]?.(...args)
  // Each operation returns one of the two.
  return Effect.isEffect(made)
    ? (made as Call)
    : Stream.runCollect(made as ReturnType<typeof Sessions.stream>)
}

const allBut = (...allowed: ReadonlyArray<unknown>) => values.filter((value) => !allowed.includes(value))

const list = { userId: "user_1" }
const texts = allBut()
const optionalTexts = allBut(undefined)

const calls: ReadonlyArray<
  readonly [argument: string, make: (value: unknown) => Call, refused: ReadonlyArray<unknown>]
> = [
  ["get: sessionId", (value) => call("get", value), texts],
  ["revoke: sessionId", (value) => call("revoke", value), texts],
  ["refresh: sessionId", (value) => call("refresh", value, refresh), texts],
  ["refresh: params", (value) => call("refresh", "sess_1", value), texts],
  [
    "refresh: expiredToken",
    (value) => call("refresh", "sess_1", { ...refresh, expiredToken: value }),
    texts.filter((value) => !Redacted.isRedacted(value))
  ],
  [
    "refresh: a redacted expiredToken",
    (value) => call("refresh", "sess_1", { ...refresh, expiredToken: Redacted.make(value) }),
    texts
  ],
  [
    "refresh: refreshToken",
    (value) => call("refresh", "sess_1", { ...refresh, refreshToken: value }),
    texts.filter((value) => !Redacted.isRedacted(value))
  ],
  [
    "refresh: requestOrigin",
    (value) => call("refresh", "sess_1", { ...refresh, requestOrigin: value }),
    texts
  ],
  [
    "refresh: requestHeaders",
    (value) => call("refresh", "sess_1", { ...refresh, requestHeaders: value }),
    optionalTexts.filter((value) => typeof value !== "object" || value === null || Array.isArray(value))
  ],
  [
    "refresh: a request header",
    (value) => call("refresh", "sess_1", { ...refresh, requestHeaders: { cookie: value } }),
    values.filter((value) => value !== "" && !Array.isArray(value))
  ],
  [
    "refresh: a value of a request header",
    (value) => call("refresh", "sess_1", { ...refresh, requestHeaders: { cookie: [value] } }),
    allBut("")
  ],
  [
    "refresh: requestOriginatingIp",
    (value) => call("refresh", "sess_1", { ...refresh, requestOriginatingIp: value }),
    optionalTexts
  ],
  ["refresh: format", (value) => call("refresh", "sess_1", { ...refresh, format: value }), optionalTexts],
  [
    "refresh: suffixedCookies",
    (value) => call("refresh", "sess_1", { ...refresh, suffixedCookies: value }),
    allBut(undefined, true)
  ],
  ["createToken: sessionId", (value) => call("createToken", value), texts],
  [
    "createToken: params",
    (value) => call("createToken", "sess_1", value),
    values.filter((value) => value !== undefined && (typeof value !== "object" || value === null))
  ],
  ["createTokenFromTemplate: sessionId", (value) => call("createTokenFromTemplate", value, "hasura"), texts],
  ["createTokenFromTemplate: template", (value) => call("createTokenFromTemplate", "sess_1", value), texts],
  ["create: params", (value) => call("create", value), texts],
  ["create: userId", (value) => call("create", { userId: value }), texts],
  [
    "create: activeOrganizationId",
    (value) => call("create", { userId: "user_1", activeOrganizationId: value }),
    optionalTexts
  ],
  ...["list", "listPage", "stream"].flatMap((name): typeof calls => [
    [
      `${name}: params`,
      (value) => call(name, value),
      values.filter((value) => value !== undefined && (typeof value !== "object" || value === null))
    ],
    [`${name}: userId`, (value) => call(name, { userId: value }), optionalTexts],
    [`${name}: clientId`, (value) => call(name, { clientId: value }), optionalTexts],
    [`${name}: status`, (value) => call(name, { ...list, status: value }), optionalTexts]
  ]),
  ...["list", "listPage"].flatMap((name): typeof calls => [
    [
      `${name}: limit`,
      (value) => call(name, { ...list, limit: value }),
      [...allBut(undefined, 7), 501, 1e21, "10"]
    ],
    [
      `${name}: offset`,
      (value) => call(name, { ...list, offset: value }),
      [...allBut(undefined, 0, 7), "10", -7, 2 ** 53]
    ]
  ]),
  [
    "stream: pageSize",
    (value) => call("stream", { ...list, pageSize: value }),
    [...allBut(undefined, 7), 501, "10"]
  ],
  ...["createToken", "createTokenFromTemplate"].map((name): (typeof calls)[number] => [
    `${name}: expiresIn`,
    (value) => call(name, "sess_1", ...(name === "createToken" ? [] : ["hasura"]), { expiresIn: value }),
    [
      ...allBut(undefined),
      29_999,
      30_500,
      "29 seconds",
      "30500 millis",
      "soon",
      "-1 minute",
      Duration.infinity,
      Duration.seconds(315_360_001),
      Duration.zero,
      [1, 2]
    ]
  ])
]

const { client, requests } = Mock.clerk()
const config = Config.context()

/** Runs a call, and checks that its arguments were refused and that nothing was sent. */
const checkRefused = (call: Call, name: string) =>
  Effect.gen(function* () {
    const exit = yield* Effect.exit(call).pipe(
      Effect.provideService(HttpClient.HttpClient, client),
      Effect.provide(config)
    )
    deepStrictEqual([outcomeOf(exit), requests.length], ["InvalidRequest", 0], name)
    return exit
  })

describe("an argument of a wrong type is refused before anything is sent", () => {
  for (const [argument, make, values] of calls) {
    it.effect(argument, () =>
      Effect.forEach(values, (value) => checkRefused(make(value), `${argument} = ${show(value)}`), {
        discard: true
      })
    )
  }
})

describe("an argument that throws when it is read is refused", () => {
  const getter = (name: string, others: object = {}) =>
    Object.defineProperty({ ...others }, name, {
      enumerable: true,
      get: () => {
        throw new Error("sk_live_thrown")
      }
    })
  const throwing: ReadonlyArray<readonly [string, () => Call]> = [
    ["a wiped expiredToken", () => call("refresh", "sess_1", { ...refresh, expiredToken: wiped })],
    ["a wiped refreshToken", () => call("refresh", "sess_1", { ...refresh, refreshToken: wiped })],
    ["a getter of refresh", () => call("refresh", "sess_1", getter("refreshToken", refresh))],
    ["the getter of format", () => call("refresh", "sess_1", getter("format", refresh))],
    [
      "a getter of the request headers",
      () => call("refresh", "sess_1", { ...refresh, requestHeaders: getter("cookie") })
    ],
    ["a getter of create", () => call("create", getter("userId"))],
    ["a getter of list", () => call("list", getter("userId"))],
    ["a getter of listPage", () => call("listPage", getter("limit", list))],
    ["a getter of stream", () => call("stream", getter("userId"))],
    ["the pageSize of stream", () => call("stream", getter("pageSize", list))],
    ["a getter of createToken", () => call("createToken", "sess_1", getter("expiresIn"))],
    [
      "a getter of createTokenFromTemplate",
      () => call("createTokenFromTemplate", "sess_1", "a", getter("expiresIn"))
    ]
  ]
  for (const [name, make] of throwing) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const exit = yield* checkRefused(make(), name)
        assert.notInclude(String(exit), "sk_live_thrown")
      })
    )
  }

  it.effect("a secret key that was wiped after the layer was built", () =>
    Effect.gen(function* () {
      const secretKey = Redacted.make(Wire.secretKey)
      const { client, requests } = Mock.clerk()
      const settings = yield* ClerkConfig.make({ secretKey })
      Redacted.unsafeWipe(secretKey)
      const error = yield* Sessions.get("sess_1").pipe(
        Effect.provideService(HttpClient.HttpClient, client),
        Effect.provideService(ClerkConfig.ClerkConfig, settings),
        Effect.flip
      )
      assert(error._tag === "InvalidRequest")
      assert.match(error.detail, /^secretKey/)
      assert.strictEqual(requests.length, 0)
    })
  )
})

describe("a setting of a wrong type fails the layer, and the error names it", () => {
  const settings: ReadonlyArray<readonly [string, ReadonlyArray<unknown>]> = [
    ["secretKey", values.filter((value) => !Redacted.isRedacted(value))],
    ["secretKey", values.map((value) => Redacted.make(value))],
    ["apiUrl", allBut(undefined, null)],
    ["apiVersion", allBut(undefined, null)],
    ["userAgent", allBut(undefined, null)],
    ["maxResponseSize", allBut(undefined, null, 7)],
    ["retry", allBut(undefined, null)],
    ["timeout", allBut(undefined, null, 7, 7n, Infinity, 0.5)],
    ["deadline", allBut(undefined, null, 7, 7n, Infinity, 0.5)]
  ]
  for (const [setting, values] of settings) {
    it.effect(setting, () =>
      Effect.gen(function* () {
        for (const value of values) {
          const options = {
            secretKey: Redacted.make(Wire.secretKey),
            [setting]: value
          } as unknown as ClerkConfig.Options
          const exit = yield* Effect.exit(Effect.scoped(Layer.build(ClerkConfig.layer(options))))
          assert(Exit.isFailure(exit), `${setting} = ${show(value)}`)
          const failure = Cause.failureOption(exit.cause)
          assert(Option.isSome(failure), `${setting} = ${show(value)}: ${Cause.pretty(exit.cause)}`)
          assert.match(String(failure.value), new RegExp(`${setting}.*"(is|must|contains) .{10}`))
          assert.notInclude(Cause.pretty(exit.cause), Wire.secretKey)
        }
      })
    )
  }

  it.effect("secretKey, without quoting it", () =>
    forAll(FastCheck.string({ minLength: 12, unit: "grapheme" }), cases, (text) =>
      Effect.gen(function* () {
        for (const secretKey of [`pk_live_${text}`, `eyJ${text}`, `sk_test_${text}\n${text}`, text]) {
          const refused = yield* Effect.either(ClerkConfig.make({ secretKey: Redacted.make(secretKey) }))
          if (Either.isLeft(refused)) {
            assert.notInclude(JSON.stringify(refused.left) + String(refused.left), text)
          }
        }
      })
    )
  )
})

describe("a value of a wrong type for a modifier fails the operation", () => {
  /** The modifiers without types. */
  const modifiers = ClerkConfig as unknown as {
    readonly [name: string]: (value: unknown) => typeof ClerkConfig.withoutRetry
  }
  const refused: ReadonlyArray<readonly [string, ReadonlyArray<unknown>]> = [
    ["withTimeout", allBut(7, 7n, Infinity, 0.5)],
    ["withDeadline", allBut(7, 7n, Infinity, 0.5)],
    ["withRetry", values],
    ["withRetry", values.map((value) => ({ schedule: value }))]
  ]
  for (const [name, values] of refused) {
    it.effect(name, () =>
      Effect.forEach(
        values,
        (value) => {
          const modify = modifiers[name]
          assert(modify !== undefined)
          return checkRefused(modify(value)(Sessions.get("sess_1")), `${name}(${show(value)})`)
        },
        { discard: true }
      )
    )
  }
})

describe("a policy with numbers out of range", () => {
  const numbers = FastCheck.oneof(
    FastCheck.double({ min: -1e15, max: 1e15 }),
    FastCheck.constantFrom(0, -1, Number.NaN, Infinity, 0.5)
  )
  const options = FastCheck.record({
    times: FastCheck.oneof(numbers, FastCheck.integer({ min: -5, max: 5 })),
    base: numbers,
    factor: numbers,
    // Six delays of this length fit into the time that the test adjusts the clock by.
    maxDelay: FastCheck.oneof(
      FastCheck.double({ min: -1e15, max: 1e11 }),
      FastCheck.constantFrom(0, -1, Number.NaN, 0.5)
    ),
    maxRetryAfter: numbers
  })
  it.effect("ends, and without a defect", () =>
    forAll(options, cases, ({ times, ...others }) =>
      Effect.gen(function* () {
        const { layer, requests } = Mock.make(() => Mock.response(429, ""), { deadline: Duration.infinity })
        const fiber = yield* Sessions.get("sess_1").pipe(
          ClerkConfig.withRetry(ClerkRetry.schedule({ ...others, times: Math.min(times, 5) })),
          Effect.provide(layer),
          Effect.fork
        )
        yield* TestClock.adjust("10000 days")
        assert.strictEqual(outcomeOf(yield* Fiber.await(fiber)), "RateLimited")
        assert.isAtMost(requests.length, 6)
      })
    )
  )
})
