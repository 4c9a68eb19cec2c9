import { hold } from "./harness.js"
import { table } from "./table.js"

hold(
  table.filter(({ content }) => content !== true),
  "tuned undici"
)
