/** Starts the other processes of the benchmark. */
import { execFile, spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

import { compiledFolder } from "./folders.js"
import type { Build } from "./model.js"

/** Where a server listens, for each way to send a body. */
export interface Origins {
  readonly length: string
  readonly chunked: string
  readonly gzip: string
}

export interface Server {
  readonly origins: Origins
  readonly stop: () => void
}

/** Starts the server, which ends with its parent. It belongs to this checkout, whichever builds are measured. */
export const startServer = async (node: string): Promise<Server> => {
  const source = import.meta.url.endsWith(".ts")
  const file = fileURLToPath(new URL(source ? "./server.ts" : "./server.js", import.meta.url))
  const child = spawn(node, [...(source ? ["--import", "tsx"] : []), file], {
    stdio: ["pipe", "pipe", "inherit"]
  })
  const [line] = await once(child.stdout, "data")
  // The one line that server.ts prints.
  return { origins: JSON.parse(String(line)) as Origins, stop: () => child.stdin.end() }
}

/** Runs a compiled file in a fresh process and returns the JSON that it prints. */
export const runFresh = async (
  node: string,
  file: string,
  args: ReadonlyArray<string>,
  flags: ReadonlyArray<string> = []
): Promise<unknown> => {
  const { stdout } = await promisify(execFile)(node, [...flags, file, ...args])
  return JSON.parse(stdout)
}

/** What went wrong, in one line; of another process, the line that its error output says it in. */
export const reasonOf = (error: unknown): string => {
  const { stderr } = Object(error)
  const lines = (typeof stderr === "string" && stderr !== "" ? stderr : String(error)).split("\n")
  return lines.find((line) => /Error\b.*:/.test(line)) ?? lines[0] ?? ""
}

/** What a worker is asked for: to do a task so many times, and what it cost. */
export interface Job {
  readonly task: string
  readonly calls: number
  readonly concurrency: number
  readonly measure: "processor" | "bytes"
}

/** What a worker says: that it is ready, or why not, or what one call of a job cost. */
export type Reply =
  | { readonly _tag: "ready" }
  | { readonly _tag: "missing" | "failed"; readonly reason: string }
  | { readonly _tag: "cost"; readonly perCall: number }

export interface Worker {
  readonly name: string
  readonly ready: Reply
  readonly run: (job: Job) => Promise<number>
  readonly stop: () => Promise<void>
}

export interface WorkerOptions {
  readonly node: string
  readonly build: Build
  /** The file in `subjects/`, and which of its subjects. */
  readonly module: string
  readonly subject: string
  readonly flags: ReadonlyArray<string>
  /** What the subject is given. */
  readonly context: unknown
}

export const startWorker = async (name: string, options: WorkerOptions): Promise<Worker> => {
  const child = spawn(
    options.node,
    [
      ...options.flags,
      join(compiledFolder(options.build.root), "bench/worker.js"),
      options.module,
      options.subject
    ],
    { stdio: ["ignore", "inherit", "inherit", "ipc"] }
  )
  const ready = await ask(child, options.context)
  return {
    name,
    ready,
    run: async (job) => {
      const reply = await ask(child, job)
      if (reply._tag === "cost") return reply.perCall
      throw new Error(`${name}, ${job.task}: ${reply._tag === "ready" ? "no cost" : reply.reason}`)
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, "exit")
      if (child.connected) child.disconnect()
      await ended
    }
  }
}

/** Sends a message and waits for the reply, or for the end of the process. */
const ask = (child: ChildProcess, message: unknown): Promise<Reply> =>
  new Promise((resolve) => {
    const end = (reply: Reply) => {
      child.off("message", onMessage)
      child.off("exit", onExit)
      resolve(reply)
    }
    // worker.ts sends nothing else.
    const onMessage = (reply: unknown) => end(reply as Reply)
    const onExit = (code: number | null, signal: string | null) =>
      end({ _tag: "failed", reason: `the process ended (${code ?? signal})` })
    child.on("message", onMessage)
    child.on("exit", onExit)
    child.send(message as object)
  })
