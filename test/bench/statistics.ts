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
 * **Details**
 *
 * The plain percentiles of a few values give an interval that is too narrow: they are moved outwards as far as
 * Student's distribution is wider than the normal one (the expanded percentile interval of T. Hesterberg, 2014).
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
  const outside = Math.floor(tail(turns) * resamples)
  return {
    estimate: median(finite),
    low: medians[outside] ?? Number.NaN,
    high: medians.at(-1 - outside) ?? Number.NaN,
    turns
  }
}

/** The share of the resamples that lies below the interval, and above it. */
const tail = (turns: number): number =>
  turns < 2 ? 0 : normal(-student(turns - 1) * Math.sqrt(turns / (turns - 1)))

/** The 97.5th percentile of Student's distribution (Cornish and Fisher's expansion; too small for few degrees). */
const student = (degrees: number): number => {
  const z = 1.959964
  const [first, second] = [(z ** 3 + z) / 4, (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96]
  return z + first / degrees + second / degrees ** 2
}

/** The normal distribution, for values below -1 (the continued fraction of Mills' ratio). */
const normal = (x: number): number => {
  let fraction = -x
  for (let term = 30; term > 0; term--) {
    fraction = -x + term / fraction
  }
  return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI) / fraction
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
