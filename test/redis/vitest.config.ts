import { fileURLToPath } from "node:url"

import { defineConfig } from "vitest/config"

const source = (path: string) => fileURLToPath(new URL(`../../src/${path}`, import.meta.url))

export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  resolve: {
    alias: [
      { find: /^effect-clerk$/, replacement: source("index.ts") },
      { find: /^effect-clerk\/testing$/, replacement: source("testing/index.ts") },
      { find: /^effect-clerk\/(\w+)$/, replacement: source("$1.ts") }
    ]
  },
  test: {
    testTimeout: 60_000,
    globalSetup: ["test/redis/setup.ts"],
    // `npm test` runs the files that end in `.test.ts`.
    include: ["test/redis/**/*.spec.ts"]
  }
})
