import { execFile } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { promisify } from "node:util"

import { assert, beforeAll, describe, it } from "@effect/vitest"
import { build } from "esbuild"

import { root } from "./support/snippets.js"

/** The output of each example. */
const examples: Readonly<Record<string, RegExp>> = {
  "first-call": /^sess_1 is active until 20\d\d-/,
  errors:
    /^sess_1 is revoked\nsess_none does not exist\ntry again in 2m\nrefused with 403: forbidden\nTransportError: .*\ninstanceof NotFound: true\n$/,
  retries:
    /^more: active\nsteady: active\nbyHand: active\nlimited: .*within the timeout of 50ms.*\n14 requests\n$/,
  paging: /^5 sessions, from 3 pages\n3 sessions, from 2 pages\n1 of 5\n$/,
  "sign-out-everywhere":
    /^2 sessions revoked\nsess_other is active\nsess_here is active\nsess_laptop is revoked\nsess_phone is revoked\n$/,
  "token-from-template": /^1 request\nthe token: <redacted>\nrole editor, for 300 seconds\nnot found\n$/,
  refresh: /^2 cookies, then \/\nhandshake: session_refresh_\w+\n0 cookies, .*\/handshake\n$/,
  telemetry:
    /name: 'Sessions\.revoke'.*'clerk\.attempts': 2.*name: 'signOut'.*name: 'clerk_operations_total'/s,
  "http-api":
    /^200 "user_1"\n200 \[\{"id":"sess_phone","isCurrent":false\},\{"id":"sess_laptop","isCurrent":true\}\]\n200 a token for Hasura\n200 2\n401 .*"TokenRejected"\}\n$/,
  "http-server":
    /^\/me: 200 user_1\n\/pay: 200 paid\n\/me: 200 user_1\n\/pay: 401 the session is revoked\n\/health: 200 well\n\/me: 401 .*TokenMissing.*\n$/,
  worker: /^200 \[\{"id":"sess_1","status":"active"\}\]\n401 shape\n401 sign in\n$/,
  migration: /^before: (sess_1 until .*, resource_not_found, string, user_1)\nafter: {2}\1\n$/
}

const run = promisify(execFile)

/** Below the root, so that imports of the examples resolve. */
const compiled = `${root}node_modules/.cache/effect-clerk/examples`

describe("the examples", () => {
  const outputs = new Map<string, string>()

  beforeAll(async () => {
    const names = Object.keys(examples)
    // One build for all takes less time than a loader, which compiles for each.
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
    // Rejects where the exit code is not 0.
    const { stderr, stdout } = await run(process.execPath, [
      `${root}test/support/examples.mjs`,
      compiled,
      ...names
    ])
    assert.strictEqual(stderr, "")
    for (const part of stdout.split("\n=== ").slice(1)) {
      const end = part.indexOf("\n")
      outputs.set(part.slice(0, end), part.slice(end + 1))
    }
  })

  it("have a test each, and are short", () => {
    // fleet and idle-sessions have tests of their own.
    const others = new Set(["demo", "emulator", "fleet", "idle-sessions"])
    const files = readdirSync(`${root}examples`).filter((file) => !/\.(test\.ts|md)$/.test(file))
    const names = files.map((file) => file.replace(/\.ts$/, "")).filter((name) => !others.has(name))
    assert.sameMembers(names, Object.keys(examples))
    for (const name of names) {
      const lines = readFileSync(`${root}examples/${name}.ts`, "utf8").split("\n").length
      assert.isAtMost(lines, 90, name)
    }
  })

  it.for(Object.entries(examples))("%s prints its output", ([name, output]) => {
    assert.match(outputs.get(name) ?? "", output)
  })
})
