/** Builds two commits of this repository side by side. */
import { execFile } from "node:child_process"
import { mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"

import { root } from "./folders.js"
import type { Build } from "./model.js"

const run = promisify(execFile)

const git = async (...args: ReadonlyArray<string>): Promise<string> =>
  (await run("git", [...args], { cwd: root })).stdout.trim()

/** A name for this folder as it stands, without a commit. */
const here = "."

/** A commit that does not compile; the message holds what the compiler says. */
export class BuildError extends Error {}

export interface Builds {
  readonly builds: readonly [Build, Build]
  readonly remove: () => Promise<void>
}

/**
 * Checks both commits out into worktrees of a temporary folder and builds them there.
 *
 * **Gotchas**
 *
 * Both use the dependencies of this folder, whatever their lock files say.
 */
export const buildCommits = async (
  commits: readonly [string, string],
  progress: (line: string) => void
): Promise<Builds> => {
  const folder = mkdtempSync(join(tmpdir(), "effect-clerk-bench-"))
  const worktrees: Array<string> = []
  const remove = async () => {
    for (const worktree of worktrees) {
      // One that was interrupted while git made it may be unknown to git.
      await git("worktree", "remove", "--force", worktree).catch(() => "")
    }
    rmSync(folder, { recursive: true, force: true })
  }
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      remove().finally(() => process.exit(1))
    })
  }
  const build = async (commit: string, name: string): Promise<Build> => {
    if (commit === here) return { label: "this folder", root }
    const hash = await git("rev-parse", "--short", "--verify", `${commit}^{commit}`)
    const worktree = join(folder, name)
    progress(`compare: build ${commit} (${hash})`)
    worktrees.push(worktree)
    await git("worktree", "add", "--detach", worktree, hash)
    symlinkSync(join(root, "node_modules"), join(worktree, "node_modules"))
    try {
      await run("npm", ["run", "--silent", "build"], { cwd: worktree })
    } catch (error) {
      const { stderr, stdout } = Object(error)
      throw new BuildError(`${commit} (${hash}) does not build:\n${stdout}${stderr}`)
    }
    return { label: commit === hash || hash.startsWith(commit) ? hash : `${commit} ${hash}`, root: worktree }
  }
  try {
    const builds = [await build(commits[0], "a"), await build(commits[1], "b")] as const
    const same = builds[0].label === builds[1].label
    return {
      builds: same ? [builds[0], { ...builds[1], label: `${builds[1].label} (second build)` }] : builds,
      remove
    }
  } catch (error) {
    await remove()
    throw error
  }
}
