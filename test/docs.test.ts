import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import * as ts from "typescript"

import { compile, root, snippets, sources } from "./utils/snippets.js"

const modules = sources.filter((file) => !file.includes("/internal/") && !file.endsWith("/index.ts"))

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
  it("compiles: every example in the sources and every block of the README", { timeout: 60_000 }, () => {
    const all = ["README.md", "src/testing/README.md", "examples/verifying-requests.md", ...sources].flatMap(
      snippets
    )
    assert.isAbove(all.length, 10)
    // Two that must be found wrong, to know that what is found right was looked at.
    const wrong = [
      { at: "the first", code: "export const session = Sessions.fetch()" },
      {
        at: "the other",
        code: 'import { Sessions } from "effect-clerk"\nexport const id: number = Sessions.list'
      }
    ]
    const found = compile([...all, ...wrong])
    assert.strictEqual(found.length, 2, found.join("\n"))
    assert.match(found.join("\n"), /^the first: .*\nthe other: /)
  })

  it("has for every export a sentence, a version and a category", () => {
    const all = modules.flatMap(documented)
    assert.isAbove(all.length, 60)
    for (const { name, sentence, tagged } of all) {
      assert.match(sentence, /^[A-Z"`].*[.:]$/s, `${name} is in want of a sentence`)
      deepStrictEqual(tagged("since").length, 1, `${name} wants one @since`)
      deepStrictEqual(tagged("category").length, 1, `${name} wants one @category`)
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
