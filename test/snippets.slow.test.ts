import { execFile } from "node:child_process"
import { promisify } from "node:util"

import { assert, describe, it } from "@effect/vitest"

import { guides, root, type Snippet, snippets, sources } from "./support/snippets.js"

const run = promisify(execFile)

/** Lists what is wrong with snippets. Another process compiles them, because that would block this one for long. */
const compile = async (all: ReadonlyArray<Snippet>): Promise<ReadonlyArray<string>> => {
  const running = run(process.execPath, ["--import", "tsx", `${root}test/support/compileSnippets.ts`])
  running.child.stdin?.end(JSON.stringify(all))
  return JSON.parse((await running).stdout)
}

describe("the code of the documentation", () => {
  it("compiles: every example in the sources and in the guides", { timeout: 600_000 }, async () => {
    const all = [...guides, ...sources].flatMap(snippets)
    assert.isAbove(all.length, 30)
    // Two that must be found wrong, to know that what is found right was looked at.
    const wrong = [
      { at: "the first", code: "export const session = Sessions.fetch()" },
      {
        at: "the other",
        code: 'import { Sessions } from "effect-clerk"\nexport const id: number = Sessions.list'
      }
    ]
    const found = await compile([...all, ...wrong])
    assert.strictEqual(found.length, 2, found.join("\n"))
    assert.match(found.join("\n"), /^the first: .*\nthe other: /)
  })
})
