import type { State } from "./state.js"
import type { Template, Tokens } from "./tokens.js"

/** What requests are handled on: the state of one Clerk, its mint, and the settings that do not change. */
export interface Clerk {
  readonly state: State
  readonly tokens: Tokens
  readonly templates: Readonly<Record<string, Template>>
  readonly production: boolean
  /** What the names of suffixed cookies end in. */
  readonly cookieSuffix: string
}
