import { transport } from "./rows/transport.js"
import { runTable } from "./runTable.js"

runTable(transport, "node:http")
