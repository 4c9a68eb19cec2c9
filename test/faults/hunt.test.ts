import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Option, Schema } from "effect"
import { ClerkError } from "effect-clerk"
import * as Schedule from "effect/Schedule"

import * as Arbitrary from "./arbitrary.js"
import * as Memory from "./memory.js"
import { forAll } from "./property.js"
import { configured, operations, outcomeOf, secretsFor } from "./subjects.js"
import type { Operation } from "./subjects.js"

/** Each is given to every operation: more than 10,000 cases. */
const answers = 1010

const secrets = secretsFor("hunt")

const config = configured("http://127.0.0.1:1234", secrets.key, {
  retry: Schedule.stop,
  maxResponseSize: 2000
})

const encode = Schema.encodeEither(ClerkError.ClerkError)

/** Gives an answer to every operation, and tells how each ends: in a value or in a failure that is good for something. */
const outcomes = ({ body, headers, sized, status }: Arbitrary.Answer) => {
  const { layer, requests } = Memory.make((request) => {
    const bytes = Uint8Array.from(body(request))
    return Memory.response(status, bytes, {
      ...headers,
      ...(sized ? { "content-length": String(bytes.length) } : {})
    })
  })
  const outcome = (operation: Operation) =>
    Effect.map(Effect.exit(operation.call(secrets)), (exit) => {
      assert.isAtMost(requests.length, operation.name === "stream" ? 11 : 1)
      requests.length = 0
      if (Exit.isSuccess(exit)) {
        assert.isTrue(status >= 200 && status < 300)
      } else {
        const failure = Cause.failureOption(exit.cause)
        if (Option.isNone(failure)) return assert.fail(`${operation.name}: ${Cause.pretty(exit.cause)}`)
        const error = failure.value
        // What cannot be encoded or printed would be a defect later, in a logger or on its way to somebody else.
        assert.strictEqual(encode(error)._tag, "Right")
        assert.isAbove(JSON.stringify(error).length, 0)
        assert.notInclude(error.message, "\n")
        assert.strictEqual(error.operation, `Sessions.${operation.name.split(" ")[0]}`)
      }
      return outcomeOf(exit)
    })
  return Effect.forEach(operations, outcome).pipe(Effect.provide(layer), Effect.provide(config))
}

describe("whatever is answered", () => {
  it.effect(
    "only values and tagged failures come out",
    () =>
      Effect.gen(function* () {
        const counts = new Map<string, number>()
        yield* forAll(Arbitrary.answer, answers, (answer) =>
          Effect.map(outcomes(answer), (names) => {
            for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
          })
        )
        // The cases are worth something only if they come to all ends that an answer can have.
        for (const tag of [
          "value",
          "ApiError",
          "ClerkErrors",
          "DecodeError",
          "NotFound",
          "RateLimited",
          "Unauthorized"
        ]) {
          assert.isAbove(counts.get(tag) ?? 0, 10, tag)
        }
      }),
    60_000
  )
})
