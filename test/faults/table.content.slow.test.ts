import { content } from "./rows/content.js"
import { runTable } from "./runTable.js"

runTable(content, "fetch")
