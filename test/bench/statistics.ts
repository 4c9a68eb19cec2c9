/** The statistics of paired measurements. */

/** An estimate and its 95 % interval. */
export interface Interval {
  readonly estimate: number
  readonly low: number
  readonly high: number
  /** How many turns it is made of. */
  readonly turns: number
}

/** Half widths up to this share of the estimate count as narrow. */
export const narrow = 0.08

/** Fewer turns cannot carry a 95 % interval: the range of five values misses the median in 6 of 100 cases. */
export const fewestTurns = 6

const resamples = 4000

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2
}

/**
 * The median with the percentile interval of a bootstrap.
 *
 * The random numbers start at the same seed every time, so that equal values give an equal interval.
 */
export const interval = (values: ReadonlyArray<number>): Interval => {
  const finite = values.filter(Number.isFinite)
  const turns = finite.length
  const random = randomFrom(1)
  const medians = Array.from({ length: turns === 0 ? 0 : resamples }, () =>
    median(Array.from({ length: turns }, () => finite[Math.floor(random() * turns)] ?? Number.NaN))
  ).toSorted((a, b) => a - b)
  return {
    estimate: median(finite),
    low: medians[Math.floor(0.025 * resamples)] ?? Number.NaN,
    high: medians[Math.ceil(0.975 * resamples) - 1] ?? Number.NaN,
    turns
  }
}

/** The ratios of two subjects within each turn, and their interval. */
export const pairedRatio = (values: ReadonlyArray<number>, bases: ReadonlyArray<number>): Interval =>
  interval(values.map((value, turn) => value / (bases[turn] ?? Number.NaN)))

/** Half the width of the interval, as a share of the estimate. */
export const halfWidth = ({ estimate, high, low }: Interval): number => (high - low) / 2 / estimate

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
const randomFrom = (seed: number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
