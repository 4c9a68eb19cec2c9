import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { ClerkConfig, Sessions } from "effect-clerk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

import * as Stub from "./utils/stub.js"

/** Runs one operation over `fetch` with these options, and tells the options that `fetch` was called with. */
const initFor = (
  provide: (
    client: typeof FetchHttpClient.layer,
    init: Layer.Layer<FetchHttpClient.RequestInit>
  ) => typeof FetchHttpClient.layer
) =>
  Effect.gen(function* () {
    const inits: Array<RequestInit> = []
    const fetch: typeof globalThis.fetch = (_, init = {}) => {
      inits.push(init)
      return Promise.resolve(Stub.json(Stub.wireSession))
    }
    const client = FetchHttpClient.layer.pipe(Layer.provide(Layer.succeed(FetchHttpClient.Fetch, fetch)))
    const init = Layer.succeed(FetchHttpClient.RequestInit, { credentials: "omit", redirect: "follow" })
    yield* Sessions.get("sess_1").pipe(
      Effect.provide(provide(client, init)),
      Effect.provide(ClerkConfig.layer({ secretKey: Redacted.make(Stub.secretKey) }))
    )
    assert.strictEqual(inits.length, 1)
    return inits[0]
  })

describe("over fetch", () => {
  it.effect("redirects are left to the caller", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* initFor((client) => client))?.redirect, "manual")
    })
  )

  it.effect("other options of the caller stay, wherever they were given", () =>
    Effect.gen(function* () {
      for (const init of [
        yield* initFor((client, init) => Layer.provide(client, init)),
        yield* initFor((client, init) => Layer.merge(client, init))
      ]) {
        assert.strictEqual(init?.credentials, "omit")
        assert.strictEqual(init?.redirect, "manual")
      }
    })
  )
})
