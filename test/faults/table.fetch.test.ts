import { holdTable } from "./harness.js"

holdTable("fetch")
