import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, FastCheck, Option, Schedule, Schema } from "effect"
import { ClerkError } from "effect-clerk"

import * as Mock from "../support/mock.js"
import { type Operation, operations, outcomeOf } from "../support/operations.js"
import { cases, forAll } from "../support/property.js"
import * as Responses from "./responses.js"

const encode = Schema.encodeEither(ClerkError.ClerkError)

/** Gives a response to every operation, checks that each ends in a value or a tagged error, and returns the ends. */
const outcomes = (
  { body, headers, sized, status }: Responses.Response,
  subjects: ReadonlyArray<Operation> = operations
) => {
  const { layer, requests } = Mock.make(
    (request) => {
      const bytes = Uint8Array.from(body(request))
      return Mock.response(status, bytes, {
        ...headers,
        ...(sized ? { "content-length": String(bytes.length) } : {})
      })
    },
    { retry: Schedule.stop, maxResponseSize: 2000 }
  )
  const outcome = ({ call, name }: Operation) =>
    Effect.map(Effect.exit(call()), (exit) => {
      assert.isAtMost(requests.length, name === "stream" ? 11 : 1)
      requests.length = 0
      if (Exit.isSuccess(exit)) {
        assert.isTrue(status >= 200 && status < 300)
      } else {
        const failure = Cause.failureOption(exit.cause)
        if (Option.isNone(failure)) return assert.fail(`${name}: ${Cause.pretty(exit.cause)}`)
        const error = failure.value
        assert.strictEqual(encode(error)._tag, "Right")
        assert.isAbove(JSON.stringify(error).length, 0)
        assert.notMatch(error.message, /[\p{Cc}\p{Cf}]/u)
        assert.isBelow(error.message.length, 1000)
        assert.strictEqual(error.operation, `Sessions.${name.split(" ")[0]}`)
      }
      return outcomeOf(exit)
    })
  return Effect.forEach(subjects, outcome).pipe(Effect.provide(layer))
}

describe("for any response, every operation", () => {
  it.effect("ends in a value or a tagged error", () =>
    forAll(Responses.response, 2 * cases, (response) => outcomes(response))
  )

  it.effect("comes to every kind of end with the responses generated here", () =>
    Effect.gen(function* () {
      const samples = FastCheck.sample(Responses.response, { numRuns: 300, seed: 1 })
      const get = operations.filter(({ name }) => name === "get")
      const ends = new Set((yield* Effect.forEach(samples, (response) => outcomes(response, get))).flat())
      const tags = [
        "value",
        "ApiError",
        "ClerkErrors",
        "DecodeError",
        "NotFound",
        "RateLimited",
        "Unauthorized"
      ]
      assert.includeMembers([...ends], tags)
    })
  )
})
