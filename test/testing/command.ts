/** Runs the `effect-clerk` command as a child process. */
import { spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { build } from "esbuild"

const root = fileURLToPath(new URL("../../", import.meta.url))

/** A compiled command, and a folder for its files. */
export interface Command {
  readonly script: string
  readonly folder: string
  readonly remove: () => void
}

/** Compiles the command once: a loader that compiles would do it for every process. */
export const compile = async (entry = "src/testing/emulator/main.ts"): Promise<Command> => {
  // Below the root, so that packages are found.
  const cache = `${root}node_modules/.cache/effect-clerk`
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(`${cache}/command-`)
  const script = `${folder}/command.mjs`
  await build({
    entryPoints: [root + entry],
    outfile: script,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20"
  })
  return { script, folder, remove: () => rmSync(folder, { recursive: true }) }
}

/** Writes a seed file and returns its path. */
export const writeSeed = ({ folder }: Command, name: string, content: unknown): string => {
  const path = `${folder}/${name}`
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content))
  return path
}

export interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const start = ({ script }: Command, args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "pipe"] })
  const output = { stdout: "", stderr: "" }
  child.stdout.setEncoding("utf8").on("data", (chunk) => (output.stdout += chunk))
  child.stderr.setEncoding("utf8").on("data", (chunk) => (output.stderr += chunk))
  const result = new Promise<Result>((resolve) => child.once("close", (code) => resolve({ code, ...output })))
  return { child, output, result }
}

/** Runs the command to its end. */
export const runCommand = (command: Command, ...args: ReadonlyArray<string>): Effect.Effect<Result> =>
  Effect.promise(() => start(command, args).result)

/** An emulator that is running. */
export interface Running {
  /** What it has printed so far. */
  readonly stdout: () => string
  /** The exported variables, as a shell reads them. */
  readonly variables: Readonly<Record<string, string>>
  /** Sends a signal, and waits for the end. */
  readonly stop: (signal?: "SIGINT" | "SIGTERM") => Effect.Effect<Result>
}

/** Starts an emulator on a free port and waits for its banner. Stops it when the scope closes. */
export const startEmulator = (
  command: Command,
  ...args: ReadonlyArray<string>
): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { child, output, result } = yield* Effect.acquireRelease(
      Effect.sync(() => start(command, ["emulator", "--port", "0", ...args])),
      ({ child, result }) =>
        Effect.promise(() => {
          child.kill("SIGKILL")
          return result
        })
    )
    yield* Effect.async<void>((resume) => {
      child.stdout.on("data", () => {
        if (output.stdout.includes("# control endpoint")) resume(Effect.void)
      })
      void result.then(({ stderr, stdout }) =>
        resume(Effect.dieMessage(`It did not start:\n${stdout}${stderr}`))
      )
    })
    return {
      stdout: () => output.stdout,
      variables: yield* readVariables(output.stdout),
      stop: (signal = "SIGINT") =>
        Effect.promise(() => {
          child.kill(signal)
          return result
        })
    }
  })

/** Lets a shell run the banner, and reads the variables that it exports. */
const readVariables = (banner: string): Effect.Effect<Record<string, string>> =>
  Effect.async((resume) => {
    const names = ["CLERK_API_URL", "CLERK_SECRET_KEY", "CLERK_PUBLISHABLE_KEY", "CLERK_JWT_KEY"]
    const print = names.map((name) => `printf '%s\\0' "$${name}"`).join("\n")
    const shell = spawn("sh", ["-eu"], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { PATH: process.env["PATH"] }
    })
    let output = ""
    shell.stdout.setEncoding("utf8").on("data", (chunk) => (output += chunk))
    shell.once("close", () => {
      const values = output.split("\0")
      resume(Effect.succeed(Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]))))
    })
    shell.stdin.end(`${banner}\n${print}\n`)
  })
