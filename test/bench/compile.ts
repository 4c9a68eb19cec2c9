/** Compiles the benchmark itself, so that every measured process is plain Node of any version. */
import { existsSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"

import * as esbuild from "esbuild"

import { compiledFolder, packageFolder, root } from "./folders.js"

/** Compiles this checkout's benchmark into another one, or into itself. */
export const compile = async (target: string): Promise<void> => {
  if (!existsSync(packageFolder(target))) {
    throw new Error("the package is not built: npm run build")
  }
  const sources = readdirSync(join(root, "test/bench"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.startsWith("dist"))
    .map((file) => join(root, "test/bench", file))
  rmSync(compiledFolder(target), { recursive: true, force: true })
  await esbuild.build({
    entryPoints: [...sources, join(root, "test/soak/memory.ts")],
    outbase: join(root, "test"),
    outdir: compiledFolder(target),
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: "inline",
    tsconfigRaw: {},
    logLevel: "warning"
  })
}
