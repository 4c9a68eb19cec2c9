/**
 * Processor time and allocation of calls without a network: `fetch` answers at once with what the server would send.
 *
 * Run by itself, in a process whose young generation is so large that no garbage is collected while bytes are counted.
 */
import { Session } from "effect-clerk"

import type * as Codec from "../../src/internal/codec.js"
import type * as Shortcut from "../../src/internal/shortcut.js"
import { allocation, inRounds, processorTime } from "./measure.js"
import type { Rounds } from "./measure.js"
import { agree } from "./network.js"
import { bareFetch, decodingNames, oursOnFetch, sdk } from "./subjects.js"
import type { Subject } from "./subjects.js"
import { token, wireSession, wireSessions } from "./wire.js"

export interface LocalResult {
  readonly processor: Readonly<Record<"get" | "createToken" | "list", Rounds>>
  readonly bytes: Readonly<Record<"get" | "createToken" | "list", Rounds>>
  /** From the text of a list of 500 to its values, in microseconds. */
  readonly decoding: Rounds
}

const list = JSON.stringify(wireSessions(0, 500))

const bodies = {
  get: JSON.stringify(wireSession(0)),
  createToken: JSON.stringify({ object: "token", jwt: token }),
  list
}

const stub = (input: string | URL | Request): Promise<Response> => {
  const url = String(input)
  const body = url.endsWith("/tokens") ? bodies.createToken : url.includes("?") ? bodies.list : bodies.get
  const headers = { "content-type": "application/json", "content-length": String(body.length) }
  return Promise.resolve(new Response(body, { headers }))
}

const decoding = async (rounds: number): Promise<Rounds> => {
  // The built ones, like all else here; they are the modules whose sources have these types.
  const built = (module: string): Promise<unknown> =>
    import(new URL(`../../dist/internal/${module}.js`, import.meta.url).href)
  const { decoder } = (await built("codec")) as typeof Codec
  const { page } = (await built("shortcut")) as typeof Shortcut
  const decode = decoder(Session.SessionPage, page)
  const subjects = [
    { name: decodingNames.parse, run: (): unknown => JSON.parse(list) },
    { name: decodingNames.ours, run: (): unknown => decode(list) }
  ]
  const repeat = (run: () => unknown) => {
    const before = process.cpuUsage()
    for (let time = 0; time < 100; time++) {
      run()
    }
    const { system, user } = process.cpuUsage(before)
    return (user + system) / 100
  }
  for (const { run } of subjects) {
    repeat(run)
  }
  return inRounds(subjects, rounds, ({ run }) => Promise.resolve(repeat(run)))
}

const measureAll = async (
  subjects: ReadonlyArray<Subject>,
  rounds: number,
  warmUp: number
): Promise<LocalResult> => {
  const measured = async (operation: "get" | "createToken" | "list", scale: number) => {
    await agree(subjects, operation)
    for (const subject of subjects) {
      await subject.run(operation, Math.ceil(warmUp / scale), 1)
    }
    return {
      processor: await inRounds(subjects, rounds, processorTime(operation, 2000 / scale, 1)),
      bytes: await inRounds(subjects, rounds, allocation(operation, 200 / scale))
    }
  }
  const get = await measured("get", 1)
  const createToken = await measured("createToken", 1)
  const list = await measured("list", 20)
  return {
    processor: { get: get.processor, createToken: createToken.processor, list: list.processor },
    bytes: { get: get.bytes, createToken: createToken.bytes, list: list.bytes },
    decoding: await decoding(rounds)
  }
}

const [rounds, warmUp] = process.argv.slice(2).map(Number)
const origin = "http://127.0.0.1:9"
globalThis.fetch = stub
const result = await measureAll(
  [bareFetch(origin), await sdk(origin), oursOnFetch(origin)],
  rounds ?? 5,
  warmUp ?? 8000
)
console.log(JSON.stringify(result))
