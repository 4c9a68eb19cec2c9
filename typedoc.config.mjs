/** The API documentation as HTML: `npm run docs`. */
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

import { Converter, JSX, MinimalSourceFile } from "typedoc"

const root = fileURLToPath(new URL("./", import.meta.url))

/** The guides, in the order of the navigation. */
const guides = [
  "examples/README.md",
  "examples/verifying-requests.md",
  "examples/limits-and-fleets.md",
  "src/testing/README.md",
  "CHANGELOG.md",
  ".github/CONTRIBUTING.md",
  ".github/SECURITY.md",
  "test/bench/README.md"
]

const examples = readdirSync(`${root}examples`).filter((name) => name.endsWith(".ts"))

/** Makes a page of each guide and each example, so that links to their files lead to the page. */
const pages = ({ converter }) => {
  converter.on(Converter.EVENT_BEGIN, ({ project }) => {
    const addPage = (parent, path, title, text) =>
      converter.addDocument(parent, new MinimalSourceFile(text, root + path), title)

    for (const path of guides) {
      const text = readFileSync(root + path, "utf8")
      addPage(project, path, /^# (.*)\n/.exec(text)[1], text)
      if (path === "examples/README.md") {
        const parent = project.documents.at(-1)
        for (const name of examples) {
          const code = readFileSync(`${root}examples/${name}`, "utf8")
          addPage(parent, `examples/${name}`, name, `# ${name}\n\n\`\`\`ts\n${code}\`\`\`\n`)
        }
      }
    }
  })
  converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    // The front page has a heading of its own.
    const [first] = project.readme
    first.text = first.text.replace(/^# .*\n/, "")
  })
}

/** Long lines of code scroll, and so do wide tables on a phone. The text has most of the width. */
const css = `
  pre { overflow-x: auto; }
  pre code { white-space: pre; overflow-wrap: normal; }
  .tsd-typography table { display: block; width: max-content; max-width: 100%; overflow-x: auto; }
  .tsd-breadcrumb li:last-child::after { content: none; }
  @media (min-width: 1200px) {
    .container-main { grid-template-columns: 15rem minmax(0, 1fr) 14rem; }
  }
`

const style = ({ renderer }) => {
  renderer.hooks.on("head.end", () =>
    JSX.createElement("style", null, JSX.createElement(JSX.Raw, { html: css }))
  )
}

/** @type {Partial<import("typedoc").TypeDocOptions>} */
export default {
  name: "effect-clerk",
  entryPoints: ["src/*.ts", "src/testing/ClerkTest.ts"],
  exclude: ["src/index.ts"],
  tsconfig: "tsconfig.build.json",
  plugin: [pages, style],
  out: "docs",
  readme: "README.md",
  includeVersion: true,
  disableSources: true,
  excludeInternal: true,
  excludeExternals: true,
  hideGenerator: true,
  navigation: { includeGroups: false, includeFolders: true },
  sort: ["documents-first", "source-order"],
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
  validation: { notExported: true, invalidLink: true },
  intentionallyNotExported: [
    "EffectOrStream",
    "knownStatuses",
    "Mock",
    "Modifier",
    "Name",
    "Payload",
    "Plain",
    "Version"
  ]
}
