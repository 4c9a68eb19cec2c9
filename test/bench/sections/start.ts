/** From the import of a client to its first session, from `node_modules` and bundled. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"

import { bundleForNode, importsOf } from "../bundler.js"
import { compiledFolder } from "../folders.js"
import type { Build, Run, Section, Table } from "../model.js"
import { names } from "../names.js"
import { reasonOf, runFresh, startServer } from "../processes.js"
import { rotate, takeTurns } from "../turns.js"
import { row } from "./alternating.js"

const { leaves, oursFirst: ours, effect: byHand } = names

/** Where programs are: in the compiled folder, as `start/<file>.js` and bundled. */
const folder = (build: Build) => join(compiledFolder(build.root), "bench/start")

const files = {
  [names.byHand]: "byHand",
  [names.sdk]: "sdk",
  [byHand]: "effect",
  [leaves]: "leaves",
  [ours]: "ours"
}

/** The modules of effect and its platform that the package is built on, whole, and their bare HTTP client. */
const writeLeaves = async (build: Build): Promise<void> => {
  const modules = await importsOf(build.root, "dist/index.js")
  const lines = [
    ...modules.map((module, index) => `import * as m${index} from ${JSON.stringify(module)}`),
    `import * as Effect from "effect/Effect"`,
    `import * as HttpClient from "@effect/platform/HttpClient"`,
    `import * as FetchHttpClient from "@effect/platform/FetchHttpClient"`,
    `import { sessionId } from "../wire.js"`,
    // A bundler drops what is not used.
    `globalThis.kept = [${modules.map((_, index) => `m${index}`).join(", ")}]`,
    `export const first = (origin) => HttpClient.get(origin + "/v1/sessions/" + sessionId).pipe(`,
    `  Effect.flatMap((response) => response.json), Effect.map((session) => session.id),`,
    `  Effect.provide(FetchHttpClient.layer), Effect.runPromise)`
  ]
  writeFileSync(join(folder(build), "leaves.js"), lines.join("\n"))
}

interface Program {
  readonly name: string
  readonly task: "node_modules" | "bundled"
  readonly build: Build
  readonly file: string
}

const tasks = ["node_modules", "bundled"] as const

const again = (name: string) => `${name}, again`

const program = (
  name: string,
  subject: keyof typeof files,
  task: Program["task"],
  build: Build
): Program => ({
  name,
  task,
  build,
  file: join(folder(build), `${files[subject]}.${task === "bundled" ? "bundle.mjs" : "js"}`)
})

const ofOneBuild = (build: Build) => {
  const subjects = [names.byHand, names.sdk, byHand, leaves, ours] as const
  const programs = tasks.flatMap((task) => [
    ...subjects.map((subject) => program(subject, subject, task, build)),
    program(again(leaves), leaves, task, build)
  ])
  const tables = tasks.map((task): Table => ({
    title: task,
    unit: "ms",
    bases: [leaves, byHand],
    rows: [
      ...subjects.map((subject) =>
        row(
          subject,
          { subject, task },
          {
            [leaves]: { subject: leaves, task },
            [byHand]: { subject: byHand, task }
          }
        )
      ),
      row(again(leaves), { subject: again(leaves), task }, { [leaves]: { subject: leaves, task } })
    ]
  }))
  return { programs, tables }
}

const ofTwoBuilds = ([first, second]: readonly [Build, Build]) => {
  const named = [
    { name: `${ours} · ${first.label}`, build: first },
    { name: `${ours} · ${second.label}`, build: second },
    { name: again(`${ours} · ${first.label}`), build: first }
  ]
  const programs = tasks.flatMap((task) => named.map(({ build, name }) => program(name, ours, task, build)))
  const tables = tasks.map((task): Table => ({
    title: task,
    unit: "ms",
    bases: [first.label],
    rows: named.map(({ name }) =>
      row(name, { subject: name, task }, { [first.label]: { subject: `${ours} · ${first.label}`, task } })
    )
  }))
  return { programs, tables }
}

export const start: Section = {
  name: "start",
  title: "from the import to the first session, in a fresh process",
  repeats: true,
  measure: async (run: Run) => {
    const [first, second] = run.builds
    const { programs, tables } = second === undefined ? ofOneBuild(first) : ofTwoBuilds([first, second])
    for (const build of run.builds) {
      await writeLeaves(build)
      for (const file of Object.values(files)) {
        await bundleForNode(
          build.root,
          join(folder(build), `${file}.js`),
          join(folder(build), `${file}.bundle.mjs`)
        )
      }
    }
    const server = await startServer(run.node)
    try {
      return await takeTurns("start", run, tables, async (turn, ledger) => {
        for (const { build, file, name, task } of rotate(programs, turn)) {
          if (ledger.failed.has(name)) continue
          try {
            const milliseconds = await runFresh(run.node, join(folder(build), "timed.js"), [
              file,
              server.origins.length
            ])
            ledger.add(name, task, Number(milliseconds))
          } catch (error) {
            ledger.fail(name, reasonOf(error))
          }
        }
      })
    } finally {
      server.stop()
    }
  }
}
