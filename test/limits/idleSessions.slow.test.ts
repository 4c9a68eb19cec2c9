import { execFile } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { build } from "esbuild"

import { root } from "../support/snippets.js"

let folder = ""
let file = ""
const program = `${root}node_modules/.cache/effect-clerk/idle-sessions-${process.pid}.mjs`

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "effect-clerk-idle-"))
  file = join(folder, "users.txt")
  await build({
    entryPoints: [`${root}examples/idle-sessions.ts`],
    outfile: program,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20"
  })
}, 60_000)

afterAll(async () => {
  await rm(folder, { recursive: true })
  await rm(program)
})

const run = (
  ...args: ReadonlyArray<string>
): Promise<readonly [code: number | null, stdout: string, stderr: string]> =>
  new Promise((resolve) => {
    const { CLERK_SECRET_KEY: _, ...env } = process.env
    const child = execFile(process.execPath, [program, ...args], { env }, (_, stdout, stderr) =>
      resolve([child.exitCode, stdout, stderr])
    )
  })

describe("examples/idle-sessions.ts", () => {
  it("ends idle sessions, changes nothing in a dry run, and goes on where it was", async () => {
    await writeFile(file, "user_1\nuser_2\n\nuser_3\n")
    assert.deepStrictEqual(await run(file, "--dry-run"), [
      0,
      "2 idle sessions of 3 users (dry run)\n",
      "3/3 users, 2 idle sessions\n"
    ])
    // As the job leaves it when it is interrupted.
    await writeFile(`${file}.done`, "user_2\n")
    assert.deepStrictEqual(await run(file), [
      0,
      "1 idle sessions of 2 users ended\n",
      "2/2 users, 1 idle sessions\n"
    ])
    const done = await readFile(`${file}.done`, "utf8")
    assert.sameMembers(done.trim().split("\n"), ["user_1", "user_2", "user_3"])
  })

  it("fails with one line about its usage", async () => {
    const [code, stdout] = await run(file, "--dry")
    assert.strictEqual(code, 1)
    assert.match(stdout, /usage: idle-sessions\.ts FILE \[--dry-run\]/)
  })
})
