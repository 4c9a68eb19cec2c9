import type { Fields } from "./params.js"
import type { State } from "./state.js"
import type { Template, Tokens } from "./tokens.js"

/** What requests are handled on: the state of one Clerk, its mint, and the settings that do not change. */
export interface Clerk {
  readonly state: State
  readonly tokens: Tokens
  readonly templates: ReadonlyMap<string, Template>
  readonly production: boolean
  /** What the names of suffixed cookies end in. */
  readonly cookieSuffix: string
}

/** One request that has found its way. */
export interface Call {
  readonly clerk: Clerk
  readonly query: URLSearchParams
  readonly body: Fields
  readonly sessionId: string
  readonly template: string
}
