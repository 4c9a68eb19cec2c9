/**
 * The first row of each section over each transport, for one operation of each kind. The `table.*.slow.test.ts` files run
 * every row for every operation.
 */
import { operations } from "../support/operations.js"
import * as Transports from "../support/transports.js"
import { content } from "./rows/content.js"
import { transport } from "./rows/transport.js"
import { runTable } from "./runTable.js"
import type { Section } from "./table.js"

const firstRows = (sections: ReadonlyArray<Section>): ReadonlyArray<Section> =>
  sections
    // This one waits for five seconds.
    .filter(({ timeout }) => timeout !== "5 seconds")
    .map((section) => ({ ...section, rows: section.rows.slice(0, 1) }))

const oneOfEachKind = operations.filter(
  ({ kind }, index) => operations.findIndex((other) => other.kind === kind) === index
)

for (const name of Transports.all) {
  runTable(firstRows(transport), name, oneOfEachKind)
}
runTable(firstRows(content), "fetch", oneOfEachKind)
