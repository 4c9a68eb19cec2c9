/** The version of this package, as its `User-Agent` says it. */
export const version = "0.1.0"
