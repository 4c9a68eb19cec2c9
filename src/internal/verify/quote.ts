/** Quotes a value of a token in a message: printable, and at most 64 characters of it. */
export const quote = (value: string): string =>
  `"${value.slice(0, 64).replaceAll(/[^\x20-\x7e]/g, "?")}${value.length > 64 ? "…" : ""}"`
