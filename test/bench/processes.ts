/** The other processes of the benchmark. */
import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))

export interface Server {
  readonly origin: string
  readonly stop: () => void
}

export const startServer = async (): Promise<Server> => {
  const child = spawn(process.execPath, ["--import", "tsx", here("server.ts")], {
    stdio: ["pipe", "pipe", "inherit"]
  })
  const [port] = await once(child.stdout, "data")
  return { origin: `http://127.0.0.1:${String(port).trim()}`, stop: () => child.stdin.end() }
}

/** Runs a file in a fresh process, and gives what it prints as JSON. */
export const inFreshProcess = async (
  file: string,
  { flags = [], args = [] }: { readonly flags?: ReadonlyArray<string>; readonly args?: ReadonlyArray<string> }
): Promise<unknown> => {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, here(file), ...args])
  return JSON.parse(stdout)
}
