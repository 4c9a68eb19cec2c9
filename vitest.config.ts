import { availableParallelism } from "node:os"
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
    // To load Effect for every file anew would take longer than most files do.
    isolate: false,
    maxWorkers: availableParallelism(),
    minWorkers: availableParallelism(),
    include: ["test/**/*.test.ts", "examples/**/*.test.ts"]
  }
})
