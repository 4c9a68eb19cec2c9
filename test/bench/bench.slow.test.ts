import { assert, describe, it } from "@effect/vitest"

import { judge } from "./judge.js"
import { cellKey } from "./model.js"
import type { Measured } from "./model.js"
import { readOptions, UsageError } from "./options.js"
import { sectionText, targetsText } from "./report.js"
import { halfWidth, interval, median, pairedRatio } from "./statistics.js"
import type { Target } from "./targets.js"
import { rotate } from "./turns.js"

/** Numbers that look random and are the same in every run. */
const noise = (seed: number, count: number) =>
  Array.from({ length: count }, (_, index) => {
    const x = Math.sin(seed * 127.1 + index * 311.7) * 43_758.5453
    return x - Math.floor(x)
  })

describe("statistics", () => {
  it("takes the middle of an odd number of values, and the mean of the two in the middle of an even one", () => {
    assert.strictEqual(median([3, 1, 2]), 2)
    assert.strictEqual(median([4, 1, 2, 3]), 2.5)
    assert.isNaN(median([]))
  })

  it("gives the same interval for the same values", () => {
    const values = noise(1, 12)
    assert.deepStrictEqual(interval(values), interval(values))
  })

  it("holds the true median in about 95 of 100 intervals", () => {
    const runs = 300
    const held = Array.from({ length: runs }, (_, seed) => interval(noise(seed + 1, 15))).filter(
      ({ high, low }) => low <= 0.5 && 0.5 <= high
    )
    assert.isAtLeast(held.length / runs, 0.9)
    assert.isAtMost(held.length / runs, 0.995)
  })

  it("divides within a turn, so that a slow turn does not widen the interval", () => {
    const slowness = noise(7, 10).map((value) => 1 + 9 * value)
    const ratio = pairedRatio(
      slowness.map((value) => 3 * value),
      slowness.map((value) => 2 * value)
    )
    assert.closeTo(ratio.estimate, 1.5, 1e-9)
    assert.isBelow(halfWidth(ratio), 1e-9)
  })

  it("ignores turns without a figure", () => {
    assert.strictEqual(pairedRatio([2, Number.NaN, 2], [1, 1]).turns, 1)
    assert.strictEqual(interval([]).turns, 0)
  })
})

const cell = { subject: "ours", task: "get" }
const base = { subject: "theirs", task: "get" }

const measured = (ours: ReadonlyArray<number>, theirs: ReadonlyArray<number>): Measured => ({
  tables: [
    {
      title: "get",
      unit: "µs",
      bases: ["theirs"],
      rows: [
        { label: "ours", cell, against: { theirs: base } },
        { label: "theirs", cell: base, against: {} }
      ]
    }
  ],
  values: new Map([
    [cellKey(cell), ours],
    [cellKey(base), theirs]
  ]),
  missing: new Map(ours.length === 0 ? [["ours", "no such module"]] : []),
  failed: new Map()
})

const target: Target = { section: "wire", table: "get", row: "ours", base: "theirs", atMost: 1 }

const verdictOf = (result: Measured, one: Target = target) => judge([one], new Map([["wire", result]]))[0]

describe("targets", () => {
  const theirs = [10, 10, 10, 10, 10, 10, 10]

  it("hold where the whole interval is below", () => {
    assert.strictEqual(verdictOf(measured([8, 8, 9, 8, 8, 9, 8], theirs))?.verdict, "holds")
  })

  it("do not hold where only the estimate is below", () => {
    assert.strictEqual(verdictOf(measured([9, 9, 9, 9, 12, 12, 12], theirs))?.verdict, "open")
  })

  it("miss where the whole interval is above", () => {
    assert.strictEqual(verdictOf(measured([12, 12, 13, 12, 12, 13, 12], theirs))?.verdict, "misses")
  })

  it("without a base are about the row's own figure", () => {
    const { base: _, ...own } = target
    assert.strictEqual(verdictOf(measured([8, 8], [1, 1]), own)?.verdict, "misses")
  })

  it("say why there is no figure", () => {
    const judged = verdictOf(measured([], theirs))
    assert.strictEqual(judged?.verdict, "absent")
    assert.strictEqual(judged?.reason, "no such module")
    assert.strictEqual(verdictOf(measured([1], [1]), { ...target, row: "mine" })?.reason, "no such row")
  })

  it("of sections that were not measured are not judged", () => {
    assert.deepStrictEqual(judge([target], new Map()), [])
  })
})

describe("report", () => {
  const section = { name: "wire", title: "calls", repeats: true, measure: () => Promise.reject(new Error()) }

  it("prints the interval beside the ratio, and the half width where it is not narrow", () => {
    const steady = sectionText(section, measured([5, 5, 5, 5, 5, 5], [10, 10, 10, 10, 10, 10]), 1)
    assert.include(steady, "0.50 (0.50–0.50)")
    assert.notInclude(steady, "±")
    const shaky = sectionText(section, measured([2, 5, 8, 2, 5, 8], [10, 10, 10, 10, 10, 10]), 1)
    assert.match(shaky, /0\.50 \(.*\) ±\d+ %/)
  })

  it("says where the turns are too few", () => {
    assert.include(sectionText(section, measured([5, 5], [10, 10]), 1), "too few for a 95 % interval")
  })

  it("ends with the number of targets that hold and miss", () => {
    const judged = verdictOf(measured([8, 8], [10, 10]))
    assert.match(targetsText(judged === undefined ? [] : [judged]), /1 holds, 0 open, 0 misses, 0 absent$/)
  })
})

describe("options", () => {
  const read = (...args: ReadonlyArray<string>) => readOptions(args, ["wire", "verify"])

  it("select sections", () => {
    assert.deepStrictEqual(read("--only", "wire, verify")?.only, ["wire", "verify"])
    assert.throws(() => read("--only", "wires"), UsageError, "no section wires")
  })

  it("fix the number of turns", () => {
    assert.deepStrictEqual(read("--turns", "3")?.effort.turns, { least: 3, most: 3 })
    for (const turns of ["0", "-1", "1.5", "many"]) {
      assert.throws(() => read("--turns", turns), UsageError)
    }
  })

  it("take two commits to compare", () => {
    assert.deepStrictEqual(read("compare", "main", ".")?.compare, ["main", "."])
    for (const args of [["compare"], ["compare", "main"], ["compare", "a", "b", "c"], ["measure"]]) {
      assert.throws(() => read(...args), UsageError)
    }
  })

  it("refuse what they do not know", () => {
    assert.throws(() => read("--fast"), UsageError)
  })
})

describe("turns", () => {
  it("begin with another subject each time", () => {
    assert.deepStrictEqual(
      [0, 1, 2, 3].map((turn) => rotate(["a", "b", "c"], turn)[0]),
      ["a", "b", "c", "a"]
    )
    assert.deepStrictEqual(rotate([], 5), [])
  })
})
