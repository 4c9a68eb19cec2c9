import { holdTable } from "./harness.js"

holdTable("undici")
