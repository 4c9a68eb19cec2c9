import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { ClerkConfig, Sessions } from "effect-clerk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

import * as Mock from "./support/mock.js"
import * as Wire from "./support/wire.js"

/** Runs an operation over `fetch` with options of the caller, and returns the options of the call. */
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
      return Promise.resolve(Mock.json(Wire.session))
    }
    const client = FetchHttpClient.layer.pipe(Layer.provide(Layer.succeed(FetchHttpClient.Fetch, fetch)))
    const init = Layer.succeed(FetchHttpClient.RequestInit, { credentials: "omit", redirect: "follow" })
    yield* Sessions.get("sess_1").pipe(
      Effect.provide(provide(client, init)),
      Effect.provide(ClerkConfig.layer({ secretKey: Redacted.make(Wire.secretKey) }))
    )
    assert.strictEqual(inits.length, 1)
    return inits[0]
  })

describe("over fetch, an operation", () => {
  it.effect("does not follow redirects", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* initFor((client) => client))?.redirect, "manual")
    })
  )

  it.effect("keeps the other options of the caller, inside and outside the client", () =>
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
