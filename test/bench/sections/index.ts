/** All sections, in the order in which they are measured. */
import type { Section } from "../model.js"
import { bundle } from "./bundle.js"
import { limiter, tokens } from "./fleet.js"
import { memory } from "./memory.js"
import { start } from "./start.js"
import { allocation, decoding, stubbed } from "./stubbed.js"
import { verify } from "./verify.js"
import { bodies, wire } from "./wire.js"

export const sections: ReadonlyArray<Section> = [
  wire,
  bodies,
  verify,
  tokens,
  limiter,
  stubbed,
  decoding,
  allocation,
  start,
  bundle,
  memory
]
