/** Tokens that processes share, as `SessionTokens` sees them. */
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"

import type { Instance } from "../store/instance.js"

/** Identifies a token among those of one Clerk instance. */
export interface TokenKey {
  readonly sessionId: string
  readonly template: string | undefined
  /** The lifetime that was asked for. */
  readonly seconds: number | undefined
}

/** A token of the shared tier. */
export interface Shared {
  readonly jwt: string
  /** Milliseconds until the tier drops it. */
  readonly keepFor: number
}

/** No effect of a tier fails: a store that is down is a miss. */
export interface SharedTier {
  /** Looks a token up. Where there is none, `save` takes the one that is minted next. */
  readonly find: (
    instance: Instance,
    key: TokenKey
  ) => Effect.Effect<{
    readonly found: Option.Option<Shared>
    /** Does nothing once the session has been invalidated since `find`. */
    readonly save: (token: Shared) => Effect.Effect<void>
  }>
  /** Makes all tokens of a session unreachable. */
  readonly invalidate: (instance: Instance, sessionId: string) => Effect.Effect<void>
}
