import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

import { createClerkClient } from "@clerk/backend"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"

/** Starts the emulator, waits until it has announced itself, and stops it with the scope at the latest. */
const emulator = (...flags: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.async<{ readonly stop: Effect.Effect<number | null>; readonly output: () => string }>((resume) => {
      const script = fileURLToPath(new URL("../../examples/emulator.ts", import.meta.url))
      const child = spawn(process.execPath, ["--import", "tsx", script, "--port", "0", ...flags], {
        stdio: ["ignore", "pipe", "inherit"]
      })
      let output = ""
      const stop = Effect.async<number | null>((resume) => {
        if (child.exitCode !== null) return resume(Effect.succeed(child.exitCode))
        child.once("close", (code) => resume(Effect.succeed(code)))
        child.kill("SIGINT")
      })
      child.stdout.setEncoding("utf8").on("data", (chunk) => {
        output += chunk
        if (output.includes("Ctrl-C")) resume(Effect.succeed({ stop, output: () => output }))
      })
      child.once("close", () => resume(Effect.dieMessage(`The emulator did not start:\n${output}`)))
    }),
    ({ stop }) => stop
  )

const exported = (output: string, name: string) =>
  String(new RegExp(`export ${name}=(\\S+)`).exec(output)?.[1])

describe("npm run emulator", () => {
  it.scopedLive(
    "says where it is, serves the official SDK, logs every request, and stops cleanly",
    () =>
      Effect.gen(function* () {
        const { output, stop } = yield* emulator("--secret-key", "sk_test_mine")
        const apiUrl = exported(output(), "CLERK_API_URL")
        const secretKey = exported(output(), "CLERK_SECRET_KEY")
        assert.match(apiUrl, /^http:\/\/127\.0\.0\.1:[1-9]\d*$/)
        assert.strictEqual(secretKey, "sk_test_mine")
        const { sessions } = createClerkClient({ apiUrl, secretKey })
        const { id } = yield* Effect.promise(() => sessions.createSession({ userId: "user_2" }))
        yield* Effect.promise(() => sessions.getToken(id, "example"))
        const listed = yield* Effect.promise(() => sessions.getSessionList({ userId: "user_2" }))
        assert.strictEqual(listed.totalCount, 1)
        assert.strictEqual(yield* stop, 0)
        const lines = output().match(/(GET|POST) \S+ \d+ \d+ ms/g)
        deepStrictEqual(
          lines?.map((line) => line.replace(/ \d+ ms$/, "")),
          ["POST /v1/sessions 200", `POST /v1/sessions/${id}/tokens/example 200`, "GET /v1/sessions 200"]
        )
      }),
    30_000
  )
})
