import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"

const root = new URL("../../", import.meta.url)

const read = (path: string) => readFileSync(new URL(path, root), "utf8")

/** A source without the examples in its comments. */
const code = (path: string) => read(path).replaceAll(/^ *\/?\*.*$/gm, "")

/** The modules that a source names, as types or as values. */
const imports = (path: string) =>
  Array.from(code(path).matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g), ([, specifier = ""]) => specifier)

/** Every source that is reachable from one, itself included, and every package that those name. */
const reachable = (entry: string, found = new Set<string>()): ReadonlySet<string> => {
  if (found.has(entry)) return found
  found.add(entry)
  for (const specifier of imports(entry)) {
    if (specifier.startsWith(".")) {
      const url = new URL(specifier.replace(/\.js$/, ".ts"), new URL(entry, root))
      reachable(fileURLToPath(url).slice(fileURLToPath(root).length), found)
    } else {
      found.add(specifier)
    }
  }
  return found
}

const manifest: { readonly exports: Readonly<Record<string, string | { readonly default: string } | null>> } =
  JSON.parse(read("package.json"))

/** The sources behind the package's export paths. */
const entries = Object.entries(manifest.exports).flatMap(([path, target]) =>
  typeof target === "object" && target !== null
    ? [[path, target.default.replace("./dist/", "src/").replace(/\.js$/, ".ts")] as const]
    : []
)

describe("the testing entry", () => {
  it("can be reached under its own path only", () => {
    const others = entries.filter(([path]) => path !== "./testing")
    assert.isAtLeast(others.length, 6)
    for (const [path, source] of others) {
      const modules = [...reachable(source)]
      assert.isAbove(modules.length, 1, path)
      deepStrictEqual(
        modules.filter((module) => module.startsWith("src/testing")),
        [],
        path
      )
    }
  })

  it("takes nothing from chance or from the wall clock", () => {
    const sources = readdirSync(new URL("src/testing", root), { recursive: true, encoding: "utf8" })
    const all = sources.filter((path) => path.endsWith(".ts")).map((path) => read(`src/testing/${path}`))
    assert.isAbove(all.length, 15)
    assert.notMatch(all.join(), /Math\.random|\bnew Date\b|\bDate\.|performance|randomUUID|getRandomValues/)
  })

  it("imports nothing of Node outside the command of the emulator", () => {
    const sources = readdirSync(new URL("src", root), { recursive: true, encoding: "utf8" })
    const node = sources.filter(
      (path) =>
        path.endsWith(".ts") && /from "node:|\bprocess\.|<reference types="node"/.test(code(`src/${path}`))
    )
    deepStrictEqual(
      node.filter((path) => !path.startsWith("testing/emulator/")),
      []
    )
    const [, source = ""] = entries.find(([path]) => path === "./testing") ?? []
    deepStrictEqual(
      [...reachable(source)].filter((module) => module.includes("testing/emulator")),
      []
    )
  })
})
