/** The code of the documentation, and its compilation. */
import { readdirSync, readFileSync } from "node:fs"
import { posix } from "node:path"
import { fileURLToPath } from "node:url"

import * as ts from "typescript"

export interface Snippet {
  /** The file and the line. */
  readonly at: string
  readonly code: string
}

export const root = fileURLToPath(new URL("../../", import.meta.url))

/** The sources of the package, relative to the root. */
export const sources: ReadonlyArray<string> = readdirSync(`${root}src`, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => `src/${name}`)

/** Every Markdown file of the project. */
export const guides: Array<string> = [".", ".github", "examples", "src", "test"].flatMap((folder) =>
  readdirSync(root + folder, { recursive: folder !== ".", encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => posix.join(folder, name.replaceAll("\\", "/")))
)

/** The blocks marked `ts` of a Markdown file, or of the comments of a source. */
export const snippets = (file: string): ReadonlyArray<Snippet> => {
  const text = readFileSync(root + file, "utf8").replaceAll(/^ *\* ?/gm, "")
  return [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(({ 1: code = "", index }) => ({
    at: `${file}:${text.slice(0, index).split("\n").length + 1}`,
    code
  }))
}

/** The imports of a snippet without imports. */
const prelude = `import { ClerkConfig, ClerkError, ClerkRetry, Session, Sessions } from "effect-clerk";
import { Effect, Layer, Option, Redacted, Schedule, Stream } from "effect";
`

/** Compiles snippets with the settings of this project, and returns the errors. */
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
