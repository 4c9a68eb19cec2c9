/**
 * The benchmark: `npm run bench`, see README.md in this folder. It measures the built package. Nothing but loopback is
 * spoken to.
 */
import { writeFileSync } from "node:fs"

import { buildCommits, BuildError } from "./compare.js"
import { compile } from "./compile.js"
import { root } from "./folders.js"
import { judge } from "./judge.js"
import type { Measured, Run, Section } from "./model.js"
import { readOptions, resolveNode, usage, UsageError } from "./options.js"
import type { Options } from "./options.js"
import { reasonOf } from "./processes.js"
import { resultData, sectionText, targetsText } from "./report.js"
import { sections } from "./sections/index.js"
import { targets } from "./targets.js"

const progress = (line: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`)
}

/** A section that cannot be measured at all: the others still are. */
const failedSection = ({ name }: Section, error: unknown): Measured => {
  console.error(`${name}: ${reasonOf(error)}`)
  return { tables: [], values: new Map(), missing: new Map(), failed: new Map([[name, reasonOf(error)]]) }
}

/** Measures the sections and prints each one when it is done. Returns whether all went well. */
const measure = async (options: Options, builds: Run["builds"]): Promise<boolean> => {
  const { path: node, version } = await resolveNode(options.node)
  for (const build of builds) await compile(build.root)
  console.log(
    `effect-clerk on Node ${version}: processor time, medians over the turns, ratios within a turn with 95 % intervals`
  )
  if (options.quick) console.log("quick: a first look; quote no figure of it")
  const results = new Map<string, Measured>()
  for (const section of sections) {
    if (options.only !== undefined && !options.only.includes(section.name)) continue
    const began = performance.now()
    const measured = await section
      .measure({ node, effort: options.effort, builds, progress })
      .catch((error: unknown) => failedSection(section, error))
    progress("")
    results.set(section.name, measured)
    const seconds = Math.round((performance.now() - began) / 1000)
    console.log(sectionText(section, measured, seconds))
  }
  // The targets are about this package beside others: a comparison of two builds of it has no such rows.
  const judged = builds.length === 1 ? judge(targets, results) : []
  if (judged.length > 0) console.log(targetsText(judged))
  if (options.json !== undefined) {
    const data = {
      node: version,
      quick: options.quick,
      builds,
      sections: resultData(results),
      targets: judged
    }
    writeFileSync(options.json, `${JSON.stringify(data, undefined, 2)}\n`)
  }
  const broken = [...results.values()].some(({ failed }) => failed.size > 0)
  return !broken && !(options.strict && judged.some(({ verdict }) => verdict !== "holds"))
}

const main = async (options: Options): Promise<boolean> => {
  if (options.compare === undefined) return measure(options, [{ label: "", root }])
  const { builds, remove } = await buildCommits(options.compare, progress)
  try {
    return await measure(options, builds)
  } finally {
    await remove()
  }
}

try {
  const options = readOptions(
    process.argv.slice(2),
    sections.map(({ name }) => name)
  )
  if (options === undefined) console.log(usage)
  else process.exitCode = (await main(options)) ? 0 : 1
} catch (error) {
  if (!(error instanceof UsageError || error instanceof BuildError)) throw error
  console.error(`bench: ${error.message}`)
  if (error instanceof UsageError) console.error(`\n${usage}`)
  process.exitCode = 2
}
