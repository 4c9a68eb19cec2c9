import { execFile } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { createServer } from "node:http"
import { posix } from "node:path"
import { promisify } from "node:util"

import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { ClerkConfig } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { build } from "esbuild"
import * as ts from "typescript"

import { guides, root, snippets, sources } from "./support/snippets.js"

const run = promisify(execFile)

const modules = sources.filter((file) => !file.includes("/internal/") && !file.endsWith("/index.ts"))

/** The anchors that GitHub gives to the headings of a Markdown file. */
const anchors = (file: string) =>
  [
    ...readFileSync(root + file, "utf8")
      .replaceAll(/^```.*?^```/gms, "")
      .matchAll(/^#+ (.*)$/gm)
  ].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-")
  )

/** What each exported name of a module is documented with. */
const documented = (file: string) => {
  const program = ts.createProgram([root + file], { noLib: true, noResolve: true, types: [] })
  const source = program.getSourceFile(root + file)
  const checker = program.getTypeChecker()
  const symbol = source && checker.getSymbolAtLocation(source)
  return (symbol === undefined ? [] : checker.getExportsOfModule(symbol)).flatMap((exported) =>
    (exported.declarations ?? [])
      // A re-exported name is documented where it is declared; of overloads, the first speaks for all.
      .filter((declaration) => !ts.isExportSpecifier(declaration) && !ts.isNamespaceExport(declaration))
      .filter((declaration, index) => index === 0 || !ts.isFunctionDeclaration(declaration))
      .map((declaration) => {
        const comment = ts.getJSDocCommentsAndTags(declaration).find(ts.isJSDoc)
        const tags = ts.getJSDocTags(declaration).map((tag) => ({
          name: tag.tagName.text,
          text: `${ts.getTextOfJSDocComment(tag.comment)}`
        }))
        return {
          name: `${file} ${exported.name}`,
          sentence: ts.getTextOfJSDocComment(comment?.comment)?.split("\n\n")[0] ?? "",
          tagged: (name: string) => tags.filter((tag) => tag.name === name),
          see: comment?.getText() ?? ""
        }
      })
  )
}

describe("the documentation", () => {
  it("links to files and headings that exist", () => {
    assert.includeMembers(guides, ["README.md", "CHANGELOG.md", "examples/README.md", ".github/SECURITY.md"])
    for (const guide of guides) {
      const text = readFileSync(root + guide, "utf8")
      for (const [, link = ""] of text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
        const [path = "", anchor] = link.split("#")
        const file = path === "" ? guide : posix.join(posix.dirname(guide), path)
        assert.isTrue(existsSync(root + file), `${guide}: ${link}`)
        if (anchor !== undefined) assert.include(anchors(file), anchor, `${guide}: ${link}`)
      }
    }
  })

  it.live("shows the output of the quick start", () =>
    Effect.gen(function* () {
      const { apiUrl, secretKey } = yield* ClerkConfig.ClerkConfig
      const output = /\$ npx tsx sessions\.ts\n(.*?)```/s.exec(readFileSync(`${root}README.md`, "utf8"))?.[1]
      const outfile = `${root}node_modules/.cache/effect-clerk/quickStart.mjs`
      const env = { ...process.env, CLERK_API_URL: apiUrl, CLERK_SECRET_KEY: Redacted.value(secretKey) }
      const { stdout } = yield* Effect.promise(async () => {
        await build({
          stdin: { contents: snippets("README.md")[0]?.code ?? "", resolveDir: root, loader: "ts" },
          outfile,
          bundle: true,
          packages: "external",
          platform: "node",
          format: "esm"
        })
        return run(process.execPath, [outfile], { env })
      })
      const withoutTime = (text = "") => text.replaceAll(/\d{4}-\S*Z/g, "<time>")
      assert.strictEqual(withoutTime(stdout), "sess_1 is active until <time>\n")
      assert.strictEqual(withoutTime(stdout), withoutTime(output))
    }).pipe(
      Effect.provide(
        // The session that the emulator starts with.
        ClerkTest.layerServer({ sessions: [{ id: "sess_1", userId: "user_1" }] }).pipe(
          Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
        )
      )
    )
  )

  it("has for every export a sentence, a version and a category", () => {
    const all = modules.flatMap(documented)
    assert.isAbove(all.length, 60)
    for (const { name, sentence, tagged } of all) {
      assert.match(sentence, /^[A-Z"`].*[.:]$/s, `${name} has no sentence`)
      deepStrictEqual(tagged("since").length, 1, `${name} has not one @since`)
      deepStrictEqual(tagged("category").length, 1, `${name} has not one @category`)
    }
  })

  it("leads from every operation to the vendor's page on it", () => {
    const operations = documented("src/Sessions.ts").filter(({ tagged }) =>
      tagged("category").some(({ text }) => text === "operations" || text === "paging")
    )
    assert.strictEqual(operations.length, 10)
    for (const { name, see } of operations) {
      assert.match(
        see,
        /@see https:\/\/clerk\.com\/docs\/reference\/backend-api\/tag\/sessions\/\w+\/sessions/,
        name
      )
    }
  })
})
