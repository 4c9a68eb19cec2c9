import { transport } from "./rows/transport.js"
import { runTable } from "./runTable.js"

// node:http passes a 101 on as a response, and neither closes its connection nor uses it again.
const rows = transport.map((section) => ({
  ...section,
  rows: section.rows.filter(([name]) => !name.startsWith("101"))
}))

runTable(rows, "node:http")
