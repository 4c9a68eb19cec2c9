import type { Instance } from "./instance.js"
import type { Fields } from "./params.js"
import type { State } from "./state.js"
import type { Template, Tokens } from "./tokens.js"

/** One Clerk: its users and sessions, its mint, and its settings. */
export interface Clerk {
  readonly state: State
  readonly tokens: Tokens
  readonly templates: ReadonlyMap<string, Template>
  readonly instance: Instance
  readonly publishableKey: string
  readonly newTestingToken: () => string
}

/** A request to an operation. */
export interface Call {
  readonly clerk: Clerk
  readonly query: URLSearchParams
  readonly body: Fields
  /** The id in the path. */
  readonly id: string
  readonly template: string
}
