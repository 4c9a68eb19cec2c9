import { fileURLToPath } from "node:url"

import { defineConfig } from "vitest/config"

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^effect-clerk$/, replacement: source("index.ts") },
      { find: /^effect-clerk\/testing$/, replacement: source("testing/index.ts") },
      { find: /^effect-clerk\/(\w+)$/, replacement: source("$1.ts") }
    ]
  },
  test: {
    // Properties of thousands of cases take their time on a small machine; what must be quick says so itself.
    testTimeout: 60_000,
    // Some tests measure time over real sockets: on two cores, nothing else may take the processor meanwhile.
    fileParallelism: false,
    include: ["test/**/*.test.ts", "examples/**/*.test.ts"]
  }
})
