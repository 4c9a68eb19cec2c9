import { hold } from "./harness.js"
import { table } from "./table.js"

hold(table, "undici")
