/** Turns a quota into the window that the fixed-window engine has to be asked for. */

/** What the decisions of the engine need. All times are whole milliseconds. */
export interface Window {
  /** The keys that the quota is divided among, each with a window of its own. */
  readonly keys: number
  /** Turns that one key gives at once. */
  readonly limit: number
  /** The time that each turn adds to the window of its key. Redis refuses fractions of a millisecond. */
  readonly refill: number
  /** `limit * refill`. */
  readonly length: number
}

/** Beyond this, whole milliseconds are too coarse: 3200 turns would need 3.5 ms each, and 4 ms waste a quarter. */
const maxQuotaOfKey = 2000

/** A refusal asks each key once. */
const maxKeys = 50

/**
 * Returns the windows that never let any `per` milliseconds see more than `quota` turns.
 *
 * The engine gives up to `limit` turns at once and one more per `refill` on average, so that any span of `per` sees at
 * most `per / refill + limit` turns of a key. Asking for `quota` turns per `per` would let almost twice the quota
 * through.
 */
export const make = (quota: number, per: number): Window => {
  // 2000 per 10 seconds, and accordingly for other spans.
  const quotaOfKey = Math.max(1, Math.floor((maxQuotaOfKey * per) / 10_000))
  const keys = Math.min(maxKeys, Math.ceil(quota / quotaOfKey))
  return { keys, ...single(Math.floor(quota / keys), per) }
}

const single = (quota: number, per: number) => {
  const limitOf = (refill: number) => (refill < 1 ? 0 : Math.floor(quota - per / refill))
  // A tenth of the quota is kept for bursts. Where rounding up would cost almost a fifth, less is kept.
  const rounded = Math.ceil(per / (0.9 * quota))
  const refill = per / rounded < 0.81 * quota && limitOf(rounded - 1) > 0 ? rounded - 1 : rounded
  const limit = limitOf(refill)
  if (limit > 0) {
    return { limit, refill, length: limit * refill }
  }
  // Small quotas leave no room for bursts: evenly spaced turns, each a little later than `per / quota`.
  const spaced = Math.floor(per / quota) + 1
  return { limit: 1, refill: spaced, length: spaced }
}
