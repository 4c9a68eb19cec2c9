/** What an argument that is text may be. */

/** A lone surrogate cannot be encoded. */
export const isText = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && !/\p{Surrogate}/u.test(value)

/** A key or token that is passed where an id belongs would end in errors, spans and the server's log. */
export const looksSecret = (text: string): boolean =>
  /^\s*(?:Bearer\s|(?:sk|ak)_(?:test_|live_)?\w{8}|eyJ[\w-]+\.|__(?:session|refresh)\w*=)/i.test(text)
