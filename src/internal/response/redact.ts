/** Replaces secrets in what a server sent back, before any of it becomes part of an error. */
import * as Predicate from "effect/Predicate"

export interface Redact {
  (text: string): string
  /** The length of the longest secret: so much of a truncated text may be the beginning of one. */
  readonly longest: number
  /** Redacts an error code. A code that only has a word in common with a short secret stays whole. */
  readonly code: (code: string) => string
}

const placeholder = "<redacted>"

/** Deeper JSON is left out: it does not help, and to print it could exhaust the stack. */
const maxDepth = 8

/** So short a text is a placeholder; to replace it would break other words. */
const minLength = 4

/** Real secrets are longer. A shorter one is a placeholder, such as "refresh" in a test. */
const minSecretLength = 16

/** Secret keys, bearer tokens, JSON Web Tokens and Clerk's cookies, also those of other users. */
const patterns =
  /\bsk_(?:test|live)_\w+|\bBearer\s+[^\s"'\\,;]+|\beyJ[\w-]{5,}(?:\.[\w-]*){0,4}|\b__\w+=[^\s;,"'\\]+/g

/** Makes a function that replaces the given secrets, also where JSON or a URL spells them differently. */
export const make = (secrets: ReadonlyArray<string>): Redact => {
  const spellings = new Set<string>()
  for (const secret of secrets) {
    if (secret.length >= minLength) {
      spellings.add(secret).add(JSON.stringify(secret).slice(1, -1)).add(uriSpelling(secret))
    }
  }
  // The longest first, so that a secret inside another one does not leave the rest of it standing.
  const ordered = [...spellings].toSorted((a, b) => b.length - a.length)
  const replace = (text: string, secrets: ReadonlyArray<string>) =>
    secrets.reduce((text, secret) => text.replaceAll(secret, placeholder), text)
  const redact = (text: string) => replace(text, ordered).replaceAll(patterns, placeholder)
  const long = ordered.filter((secret) => secret.length >= minSecretLength)
  return Object.assign(redact, {
    longest: ordered[0]?.length ?? 0,
    code: (code: string) => (/^[a-z]+(?:_[a-z0-9]+)*$/.test(code) ? replace(code, long) : redact(code))
  })
}

/** Redacts every string and key inside a JSON value. */
export const json = (redact: Redact, value: unknown, depth = 0): unknown => {
  if (typeof value === "string") {
    return redact(value)
  }
  if (typeof value !== "object" || value === null) {
    return value
  }
  if (depth === maxDepth) {
    return "…"
  }
  return Array.isArray(value)
    ? value.map((item) => json(redact, item, depth + 1))
    : record(redact, value, depth)
}

/** Redacts every string and key inside a JSON object; anything else becomes an empty object. */
export const record = (redact: Redact, value: unknown, depth = 0): { readonly [key: string]: unknown } =>
  Predicate.isRecord(value)
    ? Object.fromEntries(
        Object.entries(value)
          .filter(([key]) => key !== "__proto__")
          .map(([key, item]) => [redact(key), json(redact, item, depth + 1)])
      )
    : {}

const uriSpelling = (secret: string) => encodeURIComponent(secret.replaceAll(/\p{Surrogate}/gu, "\ufffd"))
