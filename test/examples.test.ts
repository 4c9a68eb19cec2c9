import { execFile } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { promisify } from "node:util"

import { assert, beforeAll, describe, it } from "@effect/vitest"
import { build } from "esbuild"

import { root } from "./utils/snippets.js"

/** What each example says when it does what it shows. */
const examples: Readonly<Record<string, RegExp>> = {
  "first-call": /^sess_1 is active until 20\d\d-/,
  errors:
    /^sess_1 is revoked\nsess_none was gone already\nagain in 2m\nrefused, 403: forbidden\nTransportError: .*\n$/,
  retries:
    /^patient: active\nsteady: active\nbyHand: active\nhurried: .*within the timeout of 50ms.*\n14 requests\n$/,
  paging: /^5 sessions, from 3 pages\n3 sessions, from 2 pages\n1 of 5\n$/,
  "sign-out-everywhere":
    /^2 sessions revoked\nsess_other is active\nsess_here is active\nsess_laptop is revoked\nsess_phone is revoked\n$/,
  "token-from-template": /^the token: <redacted>\nrole editor, for 300 seconds\nnot found\n$/,
  refresh: /^2 cookies, and on to \/\nto the handshake: session_refresh_\w+\n0 cookies, .*\/handshake\n$/,
  telemetry:
    /name: 'Sessions\.revoke'.*'clerk\.attempts': 2.*name: 'signOut'.*name: 'clerk_operations_total'/s,
  "http-server": /^200 user_1\n401 \n401 \n$/,
  worker: /^\/sess_1: 200 \{"status":"active"\}\n\/sess_none: 404 \{"status":"gone"\}\n\/: 400 \n$/,
  migration: /^before: (sess_1 until .*, resource_not_found, string)\nafter: {2}\1\n$/
}

const run = promisify(execFile)

/** Here, so that what the examples import is found. */
const compiled = `${root}node_modules/.cache/effect-clerk/examples`

describe("the examples", () => {
  const said = new Map<string, string>()

  beforeAll(async () => {
    const names = Object.keys(examples)
    // Once for all of them: a loader that compiles as it goes would do it for each.
    await build({
      entryPoints: names.map((name) => `${root}examples/${name}.ts`),
      outdir: compiled,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      splitting: true,
      packages: "external",
      platform: "node",
      format: "esm",
      target: "node20"
    })
    // Fails where the exit code is not 0.
    const { stderr, stdout } = await run(
      process.execPath,
      [`${root}test/utils/examples.mjs`, compiled, ...names],
      { timeout: 50_000 }
    )
    assert.strictEqual(stderr, "")
    for (const part of stdout.split("\n=== ").slice(1)) {
      const end = part.indexOf("\n")
      said.set(part.slice(0, end), part.slice(end + 1))
    }
  }, 60_000)

  it("are these, and each is short", () => {
    const others = new Set(["demo", "emulator", "fleet", "idle-sessions"])
    const files = readdirSync(`${root}examples`).filter((file) => !file.endsWith(".test.ts"))
    const names = files.map((file) => file.replace(/\.ts$/, "")).filter((name) => !others.has(name))
    assert.sameMembers(names, Object.keys(examples))
    for (const name of names) {
      const lines = readFileSync(`${root}examples/${name}.ts`, "utf8").split("\n").length
      assert.isBelow(lines, 60, name)
    }
  })

  it.for(Object.entries(examples))("%s runs, and does what it shows", ([name, says]) => {
    assert.match(said.get(name) ?? "", says)
  })
})
