/** The store that processes share tokens through. It never sees a token in clear. */
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"

/** The store did not do what it was asked. What it said is left out: it can quote the whole request. */
export class StoreFailed extends Data.TaggedError("StoreFailed") {}

/** An entry and the milliseconds until the store drops it. */
export interface StoredEntry {
  readonly value: string
  readonly millis: number
}

/**
 * What the shared tier needs of a store.
 *
 * This is not `BackingPersistence`, which does not tell how much time is left of an entry. A token that is read must
 * not be kept for longer than that.
 */
export interface SharedStore {
  /** Reads the entries of some keys at once. */
  readonly get: (
    keys: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<StoredEntry | undefined>, StoreFailed>
  readonly set: (key: string, value: string, millis: number) => Effect.Effect<void, StoreFailed>
  readonly remove: (key: string) => Effect.Effect<void, StoreFailed>
}
