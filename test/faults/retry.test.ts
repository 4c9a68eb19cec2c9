import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option, TestClock } from "effect"
import { ClerkError, ClerkRetry, Sessions } from "effect-clerk"

import * as Memory from "./memory.js"
import { configured, secretsFor } from "./subjects.js"

const { key } = secretsFor("retry")

/** One repetition, a second after the failure, give or take a fifth; or later, if the server says so. */
const retry = ClerkRetry.schedule({ times: 1, base: "1 second", maxRetryAfter: "1 minute" })

/** By the test clock it is the first second of 1970. */
// oxfmt-ignore
const waits: ReadonlyArray<readonly [retryAfter: string | ReadonlyArray<string> | undefined, millis: readonly [from: number, to: number] | "gives up"]> = [
  [undefined,                                    [800, 1200]],
  ["",                                           [800, 1200]],
  ["0",                                          [800, 1200]],
  ["1",                                          [1000, 1200]],
  ["30",                                         [30_000, 30_000]],
  ["1.5",                                        [1500, 1500]],
  ["60",                                         [60_000, 60_000]],
  ["61",                                         "gives up"],
  ["60.001",                                     "gives up"],
  ["9".repeat(400),                              "gives up"],
  ["-5",                                         [800, 1200]],
  ["+5",                                         [800, 1200]],
  ["0x10",                                       [800, 1200]],
  ["1e3",                                        [800, 1200]],
  ["Infinity",                                   [800, 1200]],
  ["NaN",                                        [800, 1200]],
  ["soon",                                       [800, 1200]],
  ["5; 6",                                       [800, 1200]],
  [["5", "5"],                                   [800, 1200]],
  [["5", "soon"],                                [800, 1200]],
  ["Thu, 01 Jan 1970 00:00:05 GMT",              [5000, 5000]],
  ["Thu, 01 Jan 1970 00:01:00 GMT",              [60_000, 60_000]],
  ["Thu, 01 Jan 1970 00:01:01 GMT",              "gives up"],
  ["Wed, 31 Dec 1969 23:59:59 GMT",              [800, 1200]],
  ["Fri, 31 Dec 9999 23:59:59 GMT",              "gives up"],
  ["Fri, 31 Feb 1970 99:00:00 GMT",              [800, 1200]],
  ["1970-01-01T00:00:05Z",                       [800, 1200]]
]

describe("how long the client waits for a Retry-After", () => {
  for (const status of [429, 503]) {
    for (const [retryAfter, expected] of waits) {
      it.effect(
        `${status}, ${retryAfter === undefined ? "none" : JSON.stringify(retryAfter).slice(0, 50)}`,
        () =>
          Effect.gen(function* () {
            const headers = [retryAfter ?? []].flat().map((value): [string, string] => ["retry-after", value])
            const { layer, requests } = Memory.make(() => Memory.response(status, "", headers))
            const fiber = yield* Effect.flip(Sessions.get("sess_1")).pipe(
              Effect.provide(layer),
              Effect.provide(configured("http://127.0.0.1:1234", key, { retry })),
              Effect.fork
            )
            yield* TestClock.adjust("1 day")
            const error = yield* Fiber.join(fiber)
            assert.strictEqual(error._tag, status === 429 ? "RateLimited" : "ApiError")
            if (expected === "gives up") {
              assert.strictEqual(requests.length, 1)
              // The caller is told how long, to decide for itself.
              assert.isTrue(Option.isSome(ClerkError.retryAfter(error)))
              return
            }
            const [first, second] = requests.map(({ at }) => at)
            assert.strictEqual(requests.length, 2)
            assert.isAtLeast((second ?? 0) - (first ?? 0), expected[0])
            assert.isAtMost((second ?? 0) - (first ?? 0), expected[1])
          })
      )
    }
  }
})
