import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"

import { defineConfig } from "vitest/config"

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

// `npm test` leaves the long tables out and runs few cases of each property; `npm run test:all` (mode "all") runs everything.
export default defineConfig(({ mode }) => ({
  resolve: {
    alias: [
      { find: /^effect-clerk$/, replacement: source("index.ts") },
      { find: /^effect-clerk\/testing$/, replacement: source("testing/index.ts") },
      { find: /^effect-clerk\/(\w+)$/, replacement: source("$1.ts") }
    ]
  },
  test: {
    include: ["test/**/*.test.ts", "examples/**/*.test.ts"],
    exclude: mode === "all" ? [] : ["test/**/*.slow.test.ts"],
    provide: { cases: mode === "all" ? 500 : 25 },
    // Only a test that hangs reaches it, on a busy machine too.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // To load Effect again for each file takes longer than most files do.
    isolate: false,
    maxWorkers: availableParallelism(),
    minWorkers: availableParallelism()
  }
}))
