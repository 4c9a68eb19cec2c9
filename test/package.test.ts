import { readdirSync, readFileSync } from "node:fs"

import { assert, describe, it } from "@effect/vitest"
import { ClerkConfig } from "effect-clerk"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

const manifest: { readonly version: string; readonly exports: object } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8")
)

describe("the package", () => {
  it("sends its version as User-Agent", () => {
    const settings = Effect.runSync(ClerkConfig.make({ secretKey: Redacted.make("sk_test_a") }))
    assert.strictEqual(settings.userAgent, `effect-clerk/${manifest.version}`)
  })

  it("exports every module, and nothing else", () => {
    const modules = readdirSync(new URL("../src", import.meta.url))
      .filter((name) => name.endsWith(".ts") && name !== "index.ts")
      .map((name) => `./${name.replace(/\.ts$/, "")}`)
    const paths = Object.keys(manifest.exports)
    assert.sameMembers(paths, [".", ...modules, "./testing", "./package.json", "./internal/*"])
  })
})
