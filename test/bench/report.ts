/** Prints what was measured, and holds it against what was aimed at. */
import type { LocalResult } from "./local.js"
import { quartiles, ratio } from "./measure.js"
import type { Rounds } from "./measure.js"
import type { NetworkRow } from "./network.js"
import type { StreamResult } from "./stream.js"
import { decodingNames, names } from "./subjects.js"

export interface Results {
  readonly node: string
  readonly quick: boolean
  readonly network: ReadonlyArray<NetworkRow>
  readonly local: LocalResult
  /** Milliseconds. */
  readonly start: Rounds
  readonly stream: StreamResult
}

const number = (value: number): string =>
  value >= 1000 ? Math.round(value).toLocaleString("en") : value.toFixed(value < 10 ? 2 : 1)

const table = (title: string, unit: string, rounds: Rounds, bases: ReadonlyArray<string>): void => {
  console.log(`\n${title}`)
  console.log(
    `  ${"".padEnd(30)}${unit.padStart(12)}${"quartiles".padStart(20)}${bases.map((base) => `: ${base}`.padStart(22)).join("")}`
  )
  for (const [name, values] of Object.entries(rounds)) {
    const { high, low, median } = quartiles(values)
    const ratios = bases.map((base) => ratio(rounds, name, base).toFixed(2).padStart(22)).join("")
    console.log(
      `  ${name.padEnd(30)}${number(median).padStart(12)}${`${number(low)} – ${number(high)}`.padStart(20)}${ratios}`
    )
  }
}

/** The heap after the last tenth of the stream may exceed that after the first by so much. */
const flat = 1.1

export const print = (results: Results): void => {
  const { local, network, node, quick, start, stream } = results
  console.log(
    `Node ${node}, ${quick ? "quick: a first look only" : "medians over the rounds, ratios within a round"}`
  )
  for (const { concurrency, operation, rounds } of network) {
    table(`${operation}, ${concurrency} at once, over loopback`, "CPU µs/call", rounds, [
      names.sdk,
      names.fetch
    ])
  }
  for (const operation of ["get", "createToken", "list"] as const) {
    table(`${operation}, fetch stubbed`, "CPU µs/call", local.processor[operation], [names.sdk, names.fetch])
    table(`${operation}, fetch stubbed`, "bytes/call", local.bytes[operation], [names.sdk, names.fetch])
  }
  table("a list of 500, from text to values", "CPU µs", local.decoding, [decodingNames.parse])
  table("import and first session", "wall ms", start, ["sdk", "leaves"])

  const [first = Number.NaN] = stream.heap
  const last = stream.heap.at(-1) ?? Number.NaN
  console.log(
    `\nstream of ${stream.sessions} sessions: ${stream.seconds.toFixed(1)} s; heap ${(first / 1e6).toFixed(1)} MB after the first tenth, ${(last / 1e6).toFixed(1)} MB after the last`
  )

  const over = (operation: string, concurrency: number): Rounds =>
    network.find((row) => row.operation === operation && row.concurrency === concurrency)?.rounds ?? {}
  const worst = Math.max(
    ...[names.onFetch, names.onUndici].map((name) => ratio(over("list", 50), name, names.sdk))
  )
  console.log("\ntargets")
  const targets: ReadonlyArray<readonly [what: string, measured: number, target: number]> = [
    [
      "get, 50 at once, layerUndici : @clerk/backend",
      ratio(over("get", 50), names.onUndici, names.sdk),
      0.85
    ],
    [
      "get, 50 at once, FetchHttpClient : @clerk/backend",
      ratio(over("get", 50), names.onFetch, names.sdk),
      2
    ],
    [
      "get, 50 at once, effect-clerk/undici : @clerk/backend",
      ratio(over("get", 50), names.onTuned, names.sdk),
      0.33
    ],
    ["get, fetch stubbed, kB allocated", quartiles(local.bytes.get[names.onFetch] ?? []).median / 1000, 70],
    ["list of 500, 50 at once, the platform's layers : @clerk/backend", worst, 1.1],
    ["list of 500, decoding : JSON.parse", ratio(local.decoding, decodingNames.ours, decodingNames.parse), 2],
    ["import and first session : effect and platform alone", ratio(start, "ours", "leaves"), 1.1],
    ["stream, heap after the last tenth : after the first", last / first, flat]
  ]
  for (const [what, measured, target] of targets) {
    console.log(
      `  ${what.padEnd(66)}${measured.toFixed(2).padStart(8)}  of at most ${String(target).padEnd(5)}${measured <= target ? "" : "  missed"}`
    )
  }
  if (!(last / first <= flat)) {
    process.exitCode = 1
  }
}
