import * as Option from "effect/Option"

import type { ErrorEntry } from "../../ClerkError.js"

/**
 * An entry of an error envelope: its code, or its fields.
 *
 * @since 0.1.0
 * @category models
 */
export type EntryInit =
  | string
  | {
      readonly code: string
      readonly message?: string | undefined
      readonly longMessage?: string | undefined
      readonly meta?: Readonly<Record<string, unknown>> | undefined
    }

/** Makes the entries of an error envelope. */
export const entries = (...inits: ReadonlyArray<EntryInit>): ReadonlyArray<ErrorEntry> =>
  inits.map((init) => {
    const { code, longMessage, message, meta = {} } = typeof init === "string" ? { code: init } : init
    return {
      code,
      message: message ?? code.replaceAll("_", " "),
      longMessage: Option.fromNullable(longMessage),
      meta
    }
  })
