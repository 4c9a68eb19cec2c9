import { readFileSync } from "node:fs"

import { assert, describe, it } from "@effect/vitest"

import { root, snippets } from "../support/snippets.js"

const guide = "examples/verifying-requests.md"

describe("the guide to verifying requests", () => {
  it("protects an HttpApi in fewer than fifteen lines, imports aside", () => {
    const [first] = snippets(guide)
    const lines = first?.code.split("\n").filter((line) => line !== "" && !line.startsWith("import ")) ?? []
    assert.isBelow(lines.length, 15)
  })

  it("links to headings and files that exist", () => {
    const text = readFileSync(root + guide, "utf8")
    const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w -]/g, "")
        .replaceAll(" ", "-")
    )
    for (const [, target = ""] of text.matchAll(/\]\(([^)]+)\)/g)) {
      if (target.startsWith("#")) assert.include(headings, target.slice(1))
      else assert.isAbove(readFileSync(`${root}examples/${target}`, "utf8").length, 0)
    }
  })
})
