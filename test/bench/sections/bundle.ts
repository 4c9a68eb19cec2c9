/** Sizes of browser bundles: of each entry, and of programs. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"

import { gzippedKilobytes } from "../bundler.js"
import type { Build, Run, Section, Table } from "../model.js"
import { reasonOf } from "../processes.js"
import { Ledger } from "../turns.js"

const imports = [
  `import * as FetchHttpClient from "@effect/platform/FetchHttpClient"`,
  `import * as ClerkConfig from "effect-clerk/ClerkConfig"`,
  `import * as Sessions from "effect-clerk/Sessions"`,
  `import * as Effect from "effect/Effect"`,
  `import * as Layer from "effect/Layer"`,
  `import * as Redacted from "effect/Redacted"`
].join("\n")

const live = `const Live = Layer.merge(FetchHttpClient.layer, ClerkConfig.layer({ secretKey: Redacted.make("sk_test_1") }))`

const get = `
  ${imports}
  ${live}
  export const id = Sessions.get("sess_1").pipe(Effect.map((s) => s.id), Effect.provide(Live), Effect.runPromise)`

const getAndVerify = `
  ${get}
  import * as SessionVerifier from "effect-clerk/SessionVerifier"
  export const verified = SessionVerifier.verify("token").pipe(
    Effect.provide(SessionVerifier.layer({})), Effect.provide(Live), Effect.runPromise)`

/** The same request by hand: the program that the section `start` runs, too. */
const byHand = `export { first } from "./test/bench/dist/bench/start/effect.js"`

/** Rows of the table of programs. The targets refer to them. */
export const programs = {
  byHand: "the same request by hand",
  get: "Sessions.get",
  getOver: "Sessions.get, over the same by hand",
  verifierOver: "SessionVerifier, over Sessions.get"
} as const

/** The entries of the package whose modules are built. */
const entries = (root: string): ReadonlyArray<string> => {
  // An export of this package is an object with the path of its module, but for package.json and what is closed.
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    exports: Record<string, { readonly default?: string } | string | null>
  }
  return Object.entries(exports).flatMap(([path, target]) =>
    target !== null && typeof target === "object" && existsSync(join(root, target.default ?? ""))
      ? [`effect-clerk${path.slice(1)}`]
      : []
  )
}

const measureBuild = async (
  build: Build,
  name: (subject: string) => string,
  ledger: Ledger
): Promise<void> => {
  const add = async (subject: string, task: string, size: () => Promise<number>) => {
    try {
      ledger.add(name(subject), task, await size())
    } catch (error) {
      ledger.fail(name(subject), reasonOf(error))
    }
  }
  const { root } = build
  for (const entry of entries(root)) {
    const contents = `export * from ${JSON.stringify(entry)}`
    // Without the other packages, but with the package itself, which is one that it imports.
    const others = ["effect", "@effect/*", "jose", "undici", "ioredis", "node:*"]
    await add(entry, "own code", () => gzippedKilobytes(root, contents, "bundle", others))
  }
  const hand = await gzippedKilobytes(root, byHand, "bundle")
  const alone = await gzippedKilobytes(root, get, "bundle")
  ledger.add(name(programs.byHand), "program", hand)
  ledger.add(name(programs.get), "program", alone)
  ledger.add(name(programs.getOver), "program", alone - hand)
  if (!entries(root).includes("effect-clerk/SessionVerifier")) {
    ledger.missing.set(name(programs.verifierOver), "no effect-clerk/SessionVerifier")
  } else {
    await add(
      programs.verifierOver,
      "program",
      async () => (await gzippedKilobytes(root, getAndVerify, "bundle")) - alone
    )
  }
}

export const bundle: Section = {
  name: "bundle",
  title: "browser bundles, minified and gzipped (esbuild)",
  repeats: false,
  measure: async ({ builds, progress }: Run) => {
    progress("bundle: sizes")
    const ledger = new Ledger()
    const named = (build: Build) => (subject: string) =>
      builds.length === 1 ? subject : `${subject} · ${build.label}`
    for (const build of builds) await measureBuild(build, named(build), ledger)
    const [first] = builds
    const table = (title: string, task: string, subjects: ReadonlyArray<string>): Table => ({
      title,
      unit: "kB",
      bases: builds.length === 1 ? [] : [first.label],
      rows: subjects.flatMap((subject) =>
        builds.map((build) => ({
          label: named(build)(subject),
          cell: { subject: named(build)(subject), task },
          against:
            build === first ? {} : ({ [first.label]: { subject: named(first)(subject), task } } as const)
        }))
      )
    })
    const all = [...new Set(builds.flatMap(({ root }) => entries(root)))]
    return ledger.measured([
      table("each entry, without the packages that it imports", "own code", all),
      table("programs, with everything", "program", Object.values(programs))
    ])
  }
}
