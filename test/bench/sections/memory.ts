/** The heap over many operations: runs `test/soak/memory.ts`. */
import { join } from "node:path"

import { compiledFolder } from "../folders.js"
import { fullSizes } from "../heap.js"
import type { Part } from "../heap.js"
import type { Run, Section, Table } from "../model.js"
import { reasonOf, runFresh } from "../processes.js"
import { Ledger } from "../turns.js"

export const memoryTable = "heap after a collection of garbage"

export const memory: Section = {
  name: "memory",
  title: "the heap over many operations, last tenth against first",
  repeats: false,
  measure: async ({ builds, effort, node, progress }: Run) => {
    const ledger = new Ledger()
    const cells = builds.flatMap((build) =>
      Object.entries(fullSizes).map(([part, size]) => ({
        build,
        part,
        size: Math.ceil(size * effort.memory),
        name: builds.length === 1 ? part : `${part} · ${build.label}`
      }))
    )
    for (const { build, name, part, size } of cells) {
      progress(`memory: ${size.toLocaleString("en")} ${name}`)
      try {
        const file = join(compiledFolder(build.root), "soak/memory.js")
        const printed = await runFresh(node, file, ["--json", `--${part}`, String(size)], ["--expose-gc"])
        // What memory.ts prints: one part was asked for.
        const [{ first, last, missing }] = printed as readonly [Part]
        if (missing !== undefined) ledger.missing.set(name, missing)
        for (const bytes of first) ledger.add(name, "first tenth", bytes / 1_000_000)
        for (const bytes of last) ledger.add(name, "last tenth", bytes / 1_000_000)
      } catch (error) {
        ledger.fail(name, reasonOf(error))
      }
    }
    const table: Table = {
      title: memoryTable,
      unit: "MB",
      bases: ["first tenth"],
      rows: cells.map(({ name }) => ({
        label: name,
        cell: { subject: name, task: "last tenth" },
        against: { "first tenth": { subject: name, task: "first tenth" } }
      }))
    }
    return ledger.measured([table])
  }
}
