/** The largest time that a date holds, in milliseconds since the epoch; an infinite lifetime ends then. */
export const maxTime = 8_640_000_000_000_000
