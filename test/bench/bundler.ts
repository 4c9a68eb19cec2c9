/** What esbuild makes of programs and entries. */
import { gzipSync } from "node:zlib"

import * as esbuild from "esbuild"

const common = {
  bundle: true,
  format: "esm",
  // The paths of this repository's tsconfig.json lead to the sources instead of the built package.
  tsconfigRaw: {},
  logLevel: "warning"
} as const

/** Bundles a program for Node into one file. CommonJS in it can still ask for modules of Node. */
export const bundleForNode = async (root: string, file: string, outfile: string): Promise<void> => {
  await esbuild.build({
    ...common,
    absWorkingDir: root,
    entryPoints: [file],
    outfile,
    platform: "node",
    target: "node20",
    banner: { js: `import { createRequire as r } from "node:module"; const require = r(import.meta.url);` }
  })
}

/** Kilobytes of a program in a browser's bundle, minified and gzipped; with the imported packages or without. */
export const gzippedKilobytes = async (
  root: string,
  contents: string,
  packages: "bundle" | "external",
  external: ReadonlyArray<string> = []
): Promise<number> => {
  const { outputFiles } = await esbuild.build({
    ...common,
    absWorkingDir: root,
    stdin: { contents, resolveDir: root, loader: "ts" },
    write: false,
    minify: true,
    platform: "browser",
    packages,
    external: [...external]
  })
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length / 1000
}

/** The modules of other packages that a file of the built package reaches. */
export const importsOf = async (root: string, file: string): Promise<ReadonlyArray<string>> => {
  const { metafile } = await esbuild.build({
    ...common,
    absWorkingDir: root,
    entryPoints: [file],
    write: false,
    outdir: ".",
    platform: "node",
    packages: "external",
    metafile: true
  })
  const imports = Object.values(metafile.inputs).flatMap(({ imports }) => imports)
  return [...new Set(imports.flatMap(({ external, path }) => (external === true ? [path] : [])))].toSorted()
}
