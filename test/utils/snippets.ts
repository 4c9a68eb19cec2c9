/** The code that the documentation shows, and what the compiler says of it. */
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

import * as ts from "typescript"

export interface Snippet {
  /** The file and line where it stands. */
  readonly at: string
  readonly code: string
}

export const root = fileURLToPath(new URL("../../", import.meta.url))

/** Every source of the package, relative to the root. */
export const sources: ReadonlyArray<string> = readdirSync(`${root}src`, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => `src/${name}`)

/** Every block marked `ts` in a file, a Markdown one or a source with such blocks in its comments. */
export const snippets = (file: string): ReadonlyArray<Snippet> => {
  const text = readFileSync(root + file, "utf8").replaceAll(/^ *\* ?/gm, "")
  return [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(({ 1: code = "", index }) => ({
    at: `${file}:${text.slice(0, index).split("\n").length + 1}`,
    code
  }))
}

/** Stands above a snippet that imports nothing. */
const prelude = `import { ClerkConfig, ClerkError, ClerkRetry, Session, Sessions } from "effect-clerk";
import { Effect, Layer, Option, Redacted, Schedule, Stream } from "effect";
`

/** Compiles snippets with the settings of this project, and lists what is wrong with which of them. */
export const compile = (all: ReadonlyArray<Snippet>): ReadonlyArray<string> => {
  const config = ts.parseJsonConfigFileContent(
    ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile).config,
    ts.sys,
    root
  )
  const options = { ...config.options, noUnusedLocals: false }
  const files = new Map(
    all.map(({ at, code }, index) => [
      `${root}snippet-${index}.ts`,
      { at, code: /^import /m.test(code) ? code : prelude + code }
    ])
  )
  const host = ts.createCompilerHost(options)
  const { fileExists, getSourceFile, readFile } = host
  host.fileExists = (name) => files.has(name) || fileExists(name)
  host.readFile = (name) => files.get(name)?.code ?? readFile(name)
  host.getSourceFile = (name, language, ...rest) => {
    const file = files.get(name)
    return file === undefined
      ? getSourceFile(name, language, ...rest)
      : ts.createSourceFile(name, file.code, language)
  }
  const program = ts.createProgram([...files.keys()], options, host)
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ file, messageText }) =>
        `${files.get(file?.fileName ?? "")?.at}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`
    )
}
