import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import * as Support from "./support.js"

describe("examples/fleet.ts", () => {
  it.scopedLive("runs two workers with one limit and one token", () =>
    Effect.gen(function* () {
      const redis = yield* Support.server
      const program = yield* Effect.promise(() => Support.compile("examples/fleet.ts"))
      const { code, stderr, stdout } = yield* Support.run(program, [redis.path], {})
      assert.strictEqual(stderr, "")
      assert.strictEqual(code, 0)
      assert.match(stdout, /worker 1: 20 calls in \d+ seconds\n/)
      assert.match(stdout, /worker 2: 20 calls in \d+ seconds\n/)
      // On a busy machine, Redis may answer too late for a worker, which mints then.
      assert.match(stdout, /4[12] requests, [12] of them for a token\n$/)
    })
  )
})
