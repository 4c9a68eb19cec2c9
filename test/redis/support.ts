import { type ChildProcess, execFile, spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { FetchHttpClient } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Cause, Effect, HashMap, Layer, Logger, LogLevel } from "effect"
import { ClerkTest } from "effect-clerk/testing"
import { build } from "esbuild"
import { Redis } from "ioredis"

/** A Redis of its own on a Unix socket in a temporary folder. */
export interface Server {
  readonly path: string
  /** Ends it at once, as `kill -9` does. */
  readonly kill: Effect.Effect<void>
  readonly start: Effect.Effect<void>
  /** A plain client, to look at what is stored. */
  readonly client: Redis
}

const started = (path: string): Promise<ChildProcess> =>
  new Promise((resolve, reject) => {
    const redis = spawn("redis-server", [
      "--port",
      "0",
      "--unixsocket",
      path,
      "--save",
      "",
      "--appendonly",
      "no"
    ])
    let output = ""
    redis.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString()
      if (/ready to accept connections/i.test(output)) {
        resolve(redis)
      }
    })
    redis.on("error", reject)
    redis.on("exit", () => reject(new Error(`redis-server ended: ${output}`)))
  })

const ended = (redis: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (redis.exitCode !== null || redis.signalCode !== null) {
      resolve()
      return
    }
    redis.once("exit", () => resolve())
    redis.kill("SIGKILL")
  })

export const server = Effect.gen(function* () {
  const folder = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "effect-clerk-redis-"))),
    (folder) => Effect.promise(() => rm(folder, { recursive: true }))
  )
  const path = join(folder, "redis.sock")
  let redis: ChildProcess | undefined
  const start = Effect.promise(async () => {
    redis = await started(path)
  })
  const kill = Effect.promise(async () => {
    if (redis !== undefined) {
      await ended(redis)
    }
  })
  yield* Effect.acquireRelease(start, () => kill)
  const client = yield* Effect.acquireRelease(
    Effect.sync(() => new Redis({ path, lazyConnect: true })),
    (client) => Effect.sync(() => client.disconnect())
  )
  client.on("error", () => {})
  return { path, start, kill, client } satisfies Server
})

/** A fake Clerk on a loopback port, for this process and others. */
export const ClerkLive = ClerkTest.layerServer({
  sessions: [{ id: "sess_1" }, { id: "sess_2" }],
  templates: { hasura: {} }
}).pipe(
  Layer.provide(NodeHttpServer.layer(() => createServer(), { host: "127.0.0.1", port: 0 })),
  Layer.merge(FetchHttpClient.layer)
)

/** The requests that the fake Clerk got. */
export const requests = (method: string) =>
  Effect.flatMap(ClerkTest.ClerkTest, (clerk) =>
    Effect.map(clerk.requests, (all) => all.filter((request) => request.method === method).length)
  )

/** Records all log lines, with their causes and annotations. */
export const recordLogs = (lines: Array<string>) =>
  Layer.merge(
    Logger.replace(
      Logger.defaultLogger,
      Logger.make(({ annotations, cause, logLevel, message }) => {
        lines.push(
          `${logLevel.label} ${String(message)} ${Cause.pretty(cause)} ${JSON.stringify(HashMap.toEntries(annotations))}`
        )
      })
    ),
    Logger.minimumLogLevel(LogLevel.All)
  )

/** Everything that Redis holds, keys and values. */
export const dump = async (client: Redis): Promise<string> => {
  const keys = await client.keys("*")
  const values = await Promise.all(keys.map((key) => client.get(key)))
  return JSON.stringify([keys, values])
}

export const root = new URL("../../", import.meta.url).pathname

/** Compiles a program once, so that processes start fast. */
export const compile = async (file: string): Promise<string> => {
  const name = file.replace(/^.*\//, "").replace(/\.ts$/, "")
  const outfile = `${root}node_modules/.cache/effect-clerk/redis/${name}-${process.pid}.mjs`
  await build({
    entryPoints: [root + file],
    outfile,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    plugins: [
      {
        name: "effect-clerk",
        setup: ({ onResolve }) => {
          onResolve({ filter: /^effect-clerk(\/\w+)?$/ }, ({ path }) => {
            const module = path.slice("effect-clerk/".length)
            const source = module === "" ? "index" : module === "testing" ? "testing/index" : module
            return { path: `${root}src/${source}.ts` }
          })
        }
      }
    ]
  })
  return outfile
}

/** How a process ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program until it ends by itself. */
export const run = (
  file: string,
  args: ReadonlyArray<string>,
  env: NodeJS.ProcessEnv
): Effect.Effect<Ended> =>
  Effect.async((resume) => {
    const child = execFile(
      process.execPath,
      [file, ...args],
      { env: { ...process.env, ...env } },
      (_, stdout, stderr) => resume(Effect.succeed({ code: child.exitCode, stdout, stderr }))
    )
    return Effect.sync(() => child.kill("SIGKILL"))
  })
