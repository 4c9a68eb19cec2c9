import * as Util from "node:util"

import { assert, describe, it } from "@effect/vitest"
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
import type { ClerkError } from "effect-clerk"

import * as Clerk from "./clerk.js"
import * as Memory from "./memory.js"
import { forAll } from "./property.js"
import { configured, outcomeOf, secretsFor } from "./subjects.js"

const { key } = secretsFor("nonsense")

const config = configured("http://127.0.0.1:1234", key)

const memory = () => Memory.make((request) => Response.json(Clerk.answerTo(request)))

const refresh = { expiredToken: "expired", refreshToken: "refresh", requestOrigin: "https://app.example" }

type Sent = Effect.Effect.Context<ReturnType<typeof Sessions.get>>

/** What a caller without types may pass where a text, a number, a duration or an object is due. */
const nonsense: ReadonlyArray<unknown> = [
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
  Option.some("sess_1"),
  Effect.void
]

const show = (value: unknown): string => Util.inspect(value)

/** The operations as JavaScript sees them: anything goes in. */
const untyped = Sessions as unknown as {
  readonly [name: string]: (
    ...args: ReadonlyArray<unknown>
  ) => Effect.Effect<unknown, ClerkError.ClerkError, Sent>
}

const call = (name: string, ...args: ReadonlyArray<unknown>) =>
  Effect.suspend(() => {
    const operation = untyped[name]
    assert(operation !== undefined)
    const made: unknown = operation(...args)
    return Effect.isEffect(made)
      ? (made as Effect.Effect<unknown, ClerkError.ClerkError, Sent>)
      : Stream.runCollect(made as ReturnType<typeof Sessions.stream>)
  })

const but = (...allowed: ReadonlyArray<unknown>) => nonsense.filter((value) => !allowed.includes(value))

const list = { userId: "user_1" }
const texts = but()
const optionalTexts = but(undefined)

const calls: ReadonlyArray<
  readonly [string, (value: unknown) => ReturnType<typeof call>, ReadonlyArray<unknown>]
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
    "refresh: expiredToken, hidden",
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
    nonsense.filter((value) => value !== "" && !Array.isArray(value))
  ],
  [
    "refresh: a value of a request header",
    (value) => call("refresh", "sess_1", { ...refresh, requestHeaders: { cookie: [value] } }),
    but("")
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
    but(undefined, true)
  ],
  ["createToken: sessionId", (value) => call("createToken", value), texts],
  [
    "createToken: params",
    (value) => call("createToken", "sess_1", value),
    nonsense.filter((value) => value !== undefined && (typeof value !== "object" || value === null))
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
      nonsense.filter((value) => value !== undefined && (typeof value !== "object" || value === null))
    ],
    [`${name}: userId`, (value) => call(name, { userId: value }), optionalTexts],
    [`${name}: clientId`, (value) => call(name, { clientId: value }), optionalTexts],
    [`${name}: status`, (value) => call(name, { ...list, status: value }), optionalTexts]
  ]),
  ...["list", "listPage"].flatMap((name): typeof calls => [
    [
      `${name}: limit`,
      (value) => call(name, { ...list, limit: value }),
      [...but(undefined, 7), 501, 1e21, "10"]
    ],
    [
      `${name}: offset`,
      (value) => call(name, { ...list, offset: value }),
      [...but(undefined, 0, 7), "10", -7, 2 ** 53]
    ]
  ]),
  [
    "stream: pageSize",
    (value) => call("stream", { ...list, pageSize: value }),
    [...but(undefined, 7), 501, "10"]
  ],
  ...["createToken", "createTokenFromTemplate"].map((name): (typeof calls)[number] => [
    `${name}: expiresIn`,
    (value) => call(name, "sess_1", ...(name === "createToken" ? [] : ["hasura"]), { expiresIn: value }),
    [
      ...but(undefined),
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

describe("nonsense from callers without types is refused, and nothing is sent", () => {
  for (const [what, make, values] of calls) {
    it.effect(what, () =>
      Effect.gen(function* () {
        for (const value of values) {
          const { layer, requests } = memory()
          const exit = yield* make(value).pipe(Effect.provide(layer), Effect.provide(config), Effect.exit)
          assert.deepStrictEqual(
            [outcomeOf(exit), requests.length],
            ["InvalidRequest", 0],
            `${what} = ${show(value)}`
          )
        }
      })
    )
  }
})

describe("bad settings fail the layer, and say which one and what to do", () => {
  const cases: ReadonlyArray<readonly [string, ReadonlyArray<unknown>]> = [
    ["secretKey", nonsense.filter((value) => !Redacted.isRedacted(value))],
    ["secretKey", nonsense.map((value) => Redacted.make(value))],
    ["apiUrl", but(undefined, null)],
    ["apiVersion", but(undefined, null)],
    ["userAgent", but(undefined, null)],
    ["maxResponseSize", but(undefined, null, 7)],
    ["retry", but(undefined, null)],
    ["timeout", but(undefined, null, 7, 7n, Infinity, 0.5)]
  ]
  for (const [setting, values] of cases) {
    it.effect(setting, () =>
      Effect.gen(function* () {
        for (const value of values) {
          const options = {
            secretKey: Redacted.make(key),
            [setting]: value
          } as unknown as ClerkConfig.Options
          const exit = yield* Effect.exit(Effect.scoped(Layer.build(ClerkConfig.layer(options))))
          assert(Exit.isFailure(exit), `${setting} = ${show(value)}`)
          const failure = Cause.failureOption(exit.cause)
          assert(Option.isSome(failure), `${setting} = ${show(value)}: ${Cause.pretty(exit.cause)}`)
          assert.match(String(failure.value), new RegExp(`${setting}.*"(is|must|contains) .{10}`))
          assert.notInclude(Cause.pretty(exit.cause), key)
        }
      })
    )
  }

  it.effect("a refused key is not quoted", () =>
    forAll(FastCheck.string({ minLength: 12, unit: "grapheme" }), 300, (text) =>
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

describe("what the modifiers of settings are given is checked by the operation", () => {
  /** The modifiers as JavaScript sees them. */
  const modifiers = ClerkConfig as unknown as {
    readonly [name: string]: (value: unknown) => typeof ClerkConfig.withoutRetry
  }
  const cases: ReadonlyArray<readonly [string, ReadonlyArray<unknown>]> = [
    ["withTimeout", but(7, 7n, Infinity, 0.5)],
    ["withDeadline", but(7, 7n, Infinity, 0.5)],
    ["withRetry", nonsense],
    ["withRetry", nonsense.map((value) => ({ schedule: value }))]
  ]
  for (const [name, values] of cases) {
    it.effect(name, () =>
      Effect.gen(function* () {
        for (const value of values) {
          const { layer, requests } = memory()
          const exit = yield* Effect.suspend(
            () => modifiers[name]?.(value)(Sessions.get("sess_1")) ?? Effect.dieMessage(`no ${name}`)
          ).pipe(Effect.provide(layer), Effect.provide(config), Effect.exit)
          assert.deepStrictEqual(
            [outcomeOf(exit), requests.length],
            ["InvalidRequest", 0],
            `${name}(${show(value)})`
          )
        }
      })
    )
  }
})

describe("numbers out of range in a policy", () => {
  const numbers = FastCheck.oneof(
    FastCheck.double({ min: -1e15, max: 1e15 }),
    FastCheck.constantFrom(0, -1, Number.NaN, Infinity, 0.5)
  )
  const options = FastCheck.record({
    times: FastCheck.oneof(numbers, FastCheck.integer({ min: -5, max: 5 })),
    base: numbers,
    factor: numbers,
    // Whoever sets no bound to a delay gets none: this one leaves room for six of them on the clock below.
    maxDelay: FastCheck.oneof(
      FastCheck.double({ min: -1e15, max: 1e11 }),
      FastCheck.constantFrom(0, -1, Number.NaN, 0.5)
    ),
    maxRetryAfter: numbers
  })
  it.effect("neither hang nor die", () =>
    forAll(options, 60, ({ times, ...others }) =>
      Effect.gen(function* () {
        const { layer, requests } = Memory.make(() => Memory.response(429, "", {}))
        const fiber = yield* Sessions.get("sess_1").pipe(
          ClerkConfig.withRetry(ClerkRetry.schedule({ ...others, times: Math.min(times, 5) })),
          Effect.provide(layer),
          Effect.provide(config),
          Effect.fork
        )
        yield* TestClock.adjust("10000 days")
        assert.strictEqual(outcomeOf(yield* Fiber.await(fiber)), "RateLimited")
        assert.isAtMost(requests.length, 6)
      })
    )
  )
})
