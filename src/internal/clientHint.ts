/** Lets the layers for tests explain why an HTTP client that is not theirs cannot reach their Clerk. */
import * as Predicate from "effect/Predicate"

import type { Settings } from "../ClerkConfig.js"

const key = Symbol.for("effect-clerk/clientHint")

/** Explains an error of the HTTP client; undefined where the error needs no explanation. */
export type ClientHint = (error: unknown) => string | undefined

export const withClientHint = (settings: Settings, hint: ClientHint): Settings =>
  Object.assign({}, settings, { [key]: hint })

export const clientHint = (settings: Settings, error: unknown): string | undefined => {
  const hint = Predicate.hasProperty(settings, key) ? settings[key] : undefined
  const words: unknown = Predicate.isFunction(hint) ? hint(error) : undefined
  return Predicate.isString(words) ? words : undefined
}
