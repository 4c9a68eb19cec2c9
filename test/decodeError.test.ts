import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Sessions } from "effect-clerk"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

import * as Config from "./support/config.js"
import * as Server from "./support/faultServer.js"
import * as Mock from "./support/mock.js"
import { type Call, refreshParams } from "./support/operations.js"
import * as Respond from "./support/respond.js"
import * as Transports from "./support/transports.js"
import * as Wire from "./support/wire.js"

const failure = (call: Call, response: Response) =>
  Effect.flip(call).pipe(Effect.provide(Mock.make(() => response, { retry: Schedule.stop }).layer))

const get = Sessions.get("sess_1")

describe("a DecodeError", () => {
  const mismatches: ReadonlyArray<readonly [unknown, string]> = [
    ["", "expected"],
    [[], "expected"],
    [null, "expected"],
    [{ ...Wire.session, id: "" }, "id: expected"],
    [{ ...Wire.session, expire_at: "tomorrow" }, "expire_at: expected a number, got a string"],
    [{ ...Wire.session, expire_at: 1.5 }, "expire_at: expected"],
    [{ ...Wire.session, expire_at: 8.64e15 + 1 }, "expire_at: expected"],
    [{ ...Wire.session, latest_activity: { id: "a", object: "b" } }, "latest_activity.is_mobile: is missing"],
    [{ ...Wire.session, object: "user" }, 'object: expected "session", got a string']
  ]
  for (const [body, detail] of mismatches) {
    it.effect(`says "${detail}" of ${JSON.stringify(body)?.slice(0, 20)}`, () =>
      Effect.gen(function* () {
        const error = yield* failure(get, Mock.json(body))
        assert(error._tag === "DecodeError")
        assert.isTrue(error.detail.startsWith(detail), error.detail)
      })
    )
  }

  it.effect("names the item of a list", () =>
    Effect.gen(function* () {
      const rows = [Wire.session, { ...Wire.session, user_id: 7 }]
      for (const [body, path] of [
        [rows, "[1].user_id"],
        [{ data: rows, total_count: 2 }, "data[1].user_id"]
      ] as const) {
        const error = yield* failure(Sessions.list({ userId: "a" }), Mock.json(body))
        assert(error._tag === "DecodeError")
        assert.strictEqual(error.detail, `${path}: expected a string, got a number`)
      }
    })
  )

  it.effect("refuses cookies in place of a token, and the reverse", () =>
    Effect.gen(function* () {
      const asToken = yield* failure(
        Sessions.refresh("sess_1", refreshParams),
        Mock.json({ object: "cookies", cookies: ["a"] })
      )
      const asCookies = yield* failure(
        Sessions.refresh("sess_1", { ...refreshParams, format: "cookie" }),
        Mock.json(Wire.token)
      )
      const empty = yield* failure(Sessions.createToken("sess_1"), Mock.json({ object: "token", jwt: "" }))
      const none = yield* failure(Sessions.createToken("sess_1"), Mock.json({ object: "token" }))
      deepStrictEqual(
        [asToken, asCookies, empty, none].map((error) => error._tag),
        ["DecodeError", "DecodeError", "DecodeError", "DecodeError"]
      )
    })
  )

  it.effect("refuses an envelope with status 200", () =>
    Effect.gen(function* () {
      const error = yield* failure(get, Mock.json(Wire.envelope("a")))
      assert.strictEqual(error._tag, "DecodeError")
    })
  )

  it.effect("refuses a body that is not JSON", () =>
    Effect.gen(function* () {
      const error = yield* failure(get, new Response("<html>", { status: 200 }))
      assert(error._tag === "DecodeError")
      assert.strictEqual(error.detail, "the body is not JSON")
    })
  )

  it.scopedLive("names the content-encoding that was not decoded", () =>
    Effect.gen(function* () {
      for (const transport of Transports.all.filter((name) => name !== "fetch")) {
        const server = yield* Server.make(Respond.gzipped(200, () => Buffer.from([0x1f, 0x8b, 8, 0, 0])))
        const failed = yield* Effect.flip(get).pipe(
          Effect.provide(Transports.layer(transport)),
          Effect.provide(Config.layer({ apiUrl: server.url }))
        )
        assert(failed._tag === "DecodeError")
        assert.strictEqual(failed.detail, "the body is not JSON; its content-encoding is gzip", transport)
        assert.strictEqual(server.requests[0]?.headers["accept-encoding"], "identity", transport)
      }
    })
  )
})
