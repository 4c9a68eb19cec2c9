import * as HttpApiError from "@effect/platform/HttpApiError"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { ClerkError, Sessions } from "effect-clerk"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"

import * as Mock from "./support/mock.js"

const get = Sessions.get("sess_1")

describe("isClerkError", () => {
  const context = { operation: "Sessions.get", method: "GET", path: "/v1/sessions/sess_1" }
  const own = new ClerkError.NotFound(context)

  it("accepts every error of this module", () => {
    const errors = [
      own,
      new ClerkError.ClerkErrors({ ...context, status: 422 }),
      new ClerkError.Unauthorized(context),
      new ClerkError.RateLimited(context),
      new ClerkError.ApiError({ ...context, status: 500 }),
      new ClerkError.Timeout({ ...context, duration: Duration.seconds(1) }),
      new ClerkError.TransportError({ ...context, detail: "" }),
      new ClerkError.DecodeError({ ...context, detail: "" }),
      new ClerkError.InvalidRequest({ ...context, detail: "" })
    ]
    assert.strictEqual(errors.length, ClerkError.ClerkError.members.length)
    assert.isTrue(errors.every(ClerkError.isClerkError))
  })

  it("accepts an error that was encoded and decoded", () => {
    const text = Schema.encodeSync(Schema.parseJson(ClerkError.ClerkError))(own)
    const decoded = Schema.decodeSync(Schema.parseJson(ClerkError.ClerkError))(text)
    assert.isTrue(ClerkError.isClerkError(decoded))
  })

  it("refuses HttpApiError's errors, although they have the same tags", () => {
    for (const other of [new HttpApiError.NotFound(), new HttpApiError.Unauthorized()]) {
      assert.isFalse(ClerkError.isClerkError(other))
    }
  })

  it("refuses anything else", () => {
    for (const other of [undefined, null, 1, "NotFound", {}, { _tag: "NotFound" }, new Error("NotFound")]) {
      assert.isFalse(ClerkError.isClerkError(other))
    }
  })
})

describe("catchAll", () => {
  class Own extends Data.TaggedError("Own") {}
  const notFound = Mock.make(() => Mock.json({}, 404), { retry: Schedule.stop }).layer

  it.effect("handles every Clerk error", () =>
    Effect.gen(function* () {
      const handled = get.pipe(
        Effect.as("found"),
        ClerkError.catchAll(({ _tag }) => Effect.succeed(_tag)),
        Effect.provide(notFound)
      )
      assert.strictEqual(yield* handled, "NotFound")
      const first = ClerkError.catchAll(get, ({ _tag }) => Effect.succeed(_tag))
      assert.strictEqual(yield* Effect.provide(first, notFound), "NotFound")
    })
  )

  it.effect("leaves the errors of the program alone", () =>
    Effect.gen(function* () {
      const program = Effect.fail(new HttpApiError.NotFound()).pipe(
        Effect.orElse(() => Effect.fail(new Own())),
        Effect.zipRight(get),
        ClerkError.catchAll(() => Effect.succeed("handled"))
      )
      assert.instanceOf(yield* Effect.flip(program).pipe(Effect.provide(notFound)), Own)
      const sameTag = Effect.fail<HttpApiError.NotFound | ClerkError.NotFound>(new HttpApiError.NotFound())
      const error = yield* Effect.flip(ClerkError.catchAll(sameTag, () => Effect.void))
      assert.instanceOf(error, HttpApiError.NotFound)
    })
  )

  it.effect("leaves defects and interruptions alone", () =>
    Effect.gen(function* () {
      const handle = ClerkError.catchAll(() => Effect.succeed("handled"))
      const dies = yield* Effect.exit(handle(Effect.zipRight(Effect.die("defect"), get))).pipe(
        Effect.provide(notFound)
      )
      deepStrictEqual(dies, Exit.die("defect"))
    })
  )

  it.effect("can fail with another error", () =>
    Effect.gen(function* () {
      const program = ClerkError.catchAll(get, () => Effect.fail(new Own()))
      assert.instanceOf(yield* Effect.flip(program).pipe(Effect.provide(notFound)), Own)
    })
  )
})
