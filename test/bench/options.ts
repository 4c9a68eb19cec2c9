/** The flags of the benchmark. */
import { execFile } from "node:child_process"
import { parseArgs, promisify } from "node:util"

import type { Effort } from "./model.js"

export const usage = `usage: npm run bench -- [options]
       npm run bench:compare -- [options] A B     two commits; "." is this folder as it stands

  --only a,b       sections: wire bodies verify tokens limiter stubbed decoding allocation start bundle memory
  --quick          a first look within a minute
  --turns N        exactly N turns in each section
  --node PATH|N    measure with another Node binary, or with the npm package node@N (npx downloads it)
  --json FILE      write every figure to a file
  --strict         exit with 1 if a target does not hold`

export interface Options {
  readonly only: ReadonlyArray<string> | undefined
  readonly quick: boolean
  readonly effort: Effort
  readonly node: string
  readonly json: string | undefined
  readonly strict: boolean
  /** The two commits of a comparison. */
  readonly compare: readonly [string, string] | undefined
}

/** Wrong arguments: the message says which, and nothing was run. */
export class UsageError extends Error {}

const full: Effort = { turns: { least: 8, most: 24 }, slices: 4, calls: 1, warmUp: 1, memory: 1 }

const quick: Effort = { turns: { least: 2, most: 2 }, slices: 2, calls: 0.2, warmUp: 0.15, memory: 0.01 }

const parse = (args: ReadonlyArray<string>) => {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: "boolean", default: false },
        json: { type: "string" },
        node: { type: "string" },
        only: { type: "string" },
        quick: { type: "boolean", default: false },
        strict: { type: "boolean", default: false },
        turns: { type: "string" }
      }
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** Returns `undefined` where the usage is asked for. */
export const readOptions = (
  args: ReadonlyArray<string>,
  sections: ReadonlyArray<string>
): Options | undefined => {
  const { positionals, values } = parse(args)
  if (values.help) return undefined
  const [command, first, second, ...rest] = positionals
  const compare = command === "compare" && first !== undefined && second !== undefined
  if (command !== undefined && (!compare || rest.length > 0)) {
    throw new UsageError(command === "compare" ? "compare takes two commits" : `no command ${command}`)
  }
  const only = values.only?.split(",").map((name) => name.trim())
  const unknown = only?.find((name) => !sections.includes(name))
  if (unknown !== undefined) throw new UsageError(`no section ${unknown}`)
  const turns = values.turns === undefined ? undefined : Number(values.turns)
  if (turns !== undefined && (!Number.isInteger(turns) || turns < 1)) {
    throw new UsageError("--turns takes a positive whole number")
  }
  const effort = values.quick ? quick : full
  return {
    only,
    quick: values.quick,
    effort: turns === undefined ? effort : { ...effort, turns: { least: turns, most: turns } },
    node: values.node ?? process.execPath,
    json: values.json,
    strict: values.strict,
    compare: compare ? [first, second] : undefined
  }
}

/** The path of a Node binary and its version. A bare number is a version of the npm package `node`. */
export const resolveNode = async (
  node: string
): Promise<{ readonly path: string; readonly version: string }> => {
  const run = promisify(execFile)
  const script = "console.log(process.execPath, process.version)"
  const { stdout } = /^\d+(\.\d+)*$/.test(node)
    ? await run("npx", ["--yes", `--package=node@${node}`, "node", "-e", script])
    : await run(node, ["-e", script])
  const [path = node, version = ""] = stdout.trim().split(" ")
  return { path, version }
}
