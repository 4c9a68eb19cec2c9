import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Option, TestClock } from "effect"
import { ClerkError, ClerkRetry, Sessions } from "effect-clerk"

import * as Mock from "../support/mock.js"

/** One retry after a second, 80 to 120 % of it, or later if the server asks for it. */
const retry = ClerkRetry.schedule({ times: 1, base: "1 second", maxRetryAfter: "1 minute" })

/** The test clock starts at the epoch. */
// oxfmt-ignore
const waits: ReadonlyArray<readonly [retryAfter: string | ReadonlyArray<string> | undefined, millis: readonly [from: number, to: number] | "fails"]> = [
  [undefined,                                    [800, 1200]],
  ["",                                           [800, 1200]],
  ["0",                                          [800, 1200]],
  ["1",                                          [1000, 1200]],
  ["30",                                         [30_000, 30_000]],
  ["1.5",                                        [1500, 1500]],
  ["60",                                         [60_000, 60_000]],
  ["61",                                         "fails"],
  ["60.001",                                     "fails"],
  ["9".repeat(400),                              "fails"],
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
  ["Thu, 01 Jan 1970 00:01:01 GMT",              "fails"],
  ["Wed, 31 Dec 1969 23:59:59 GMT",              [800, 1200]],
  ["Fri, 31 Dec 9999 23:59:59 GMT",              "fails"],
  ["Fri, 31 Feb 1970 99:00:00 GMT",              [800, 1200]],
  ["1970-01-01T00:00:05Z",                       [800, 1200]]
]

const show = (retryAfter: string | ReadonlyArray<string> | undefined) =>
  retryAfter === undefined ? "no Retry-After" : `the Retry-After ${JSON.stringify(retryAfter).slice(0, 50)}`

describe("the wait before a retry", () => {
  for (const status of [429, 503]) {
    for (const [retryAfter, expected] of waits) {
      it.effect(`follows ${show(retryAfter)} of a ${status}`, () =>
        Effect.gen(function* () {
          const headers = [retryAfter ?? []].flat().map((value): [string, string] => ["retry-after", value])
          const { layer, requests } = Mock.make(() => Mock.response(status, "", headers), {
            retry,
            deadline: Duration.infinity
          })
          const fiber = yield* Effect.flip(Sessions.get("sess_1")).pipe(Effect.provide(layer), Effect.fork)
          yield* TestClock.adjust("1 day")
          const error = yield* Fiber.join(fiber)
          assert.strictEqual(error._tag, status === 429 ? "RateLimited" : "ApiError")
          if (expected === "fails") {
            assert.strictEqual(requests.length, 1)
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
