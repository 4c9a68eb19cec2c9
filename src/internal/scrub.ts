/** Blots out secrets in what a server sent back, before any of it goes into an error. */
import * as Predicate from "effect/Predicate"

export interface Scrub {
  (text: string): string
  /** How much of a text that was cut off may be the beginning of a secret. */
  readonly longest: number
}

const blot = "<redacted>"

/** Deeper JSON is left out: it helps nobody, and printing it could exhaust the stack. */
const maxDepth = 8

/** Secret keys, bearer tokens, JSON Web Tokens and Clerk's cookies, whoever they belong to. */
const patterns =
  /\bsk_(?:test|live)_\w+|\bBearer\s+[^\s"'\\,;]+|\beyJ[\w-]{5,}(?:\.[\w-]*){0,4}|\b__\w+=[^\s;,"'\\]+/g

/** A function that blots out the given secrets, as they are and as JSON or a URL would spell them. */
export const make = (secrets: ReadonlyArray<string>): Scrub => {
  const spellings = new Set<string>()
  for (const secret of secrets) {
    if (secret !== "") {
      spellings.add(secret).add(JSON.stringify(secret).slice(1, -1)).add(uriSpelling(secret))
    }
  }
  // The longest first, so that a secret inside another one does not leave the rest of it standing.
  const ordered = [...spellings].toSorted((a, b) => b.length - a.length)
  const scrub = (text: string) =>
    ordered.reduce((text, secret) => text.replaceAll(secret, blot), text).replaceAll(patterns, blot)
  return Object.assign(scrub, { longest: ordered[0]?.length ?? 0 })
}

/** The same for every string and key inside a JSON value. */
export const json = (scrub: Scrub, value: unknown, depth = 0): unknown => {
  if (typeof value === "string") {
    return scrub(value)
  }
  if (typeof value !== "object" || value === null) {
    return value
  }
  if (depth === maxDepth) {
    return "…"
  }
  return Array.isArray(value)
    ? value.map((item) => json(scrub, item, depth + 1))
    : record(scrub, value, depth)
}

/** The same for a JSON object; anything else becomes an empty one. */
export const record = (scrub: Scrub, value: unknown, depth = 0): { readonly [key: string]: unknown } =>
  Predicate.isRecord(value)
    ? Object.fromEntries(
        Object.entries(value)
          .filter(([key]) => key !== "__proto__")
          .map(([key, item]) => [scrub(key), json(scrub, item, depth + 1)])
      )
    : {}

/** Every string inside a JSON value, to be blotted out elsewhere; those too short to be secret are left out. */
export const strings = (value: unknown): ReadonlyArray<string> => {
  if (typeof value === "string") {
    return value.length >= 4 ? [value] : []
  }
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(strings) : []
}

const uriSpelling = (secret: string) => encodeURIComponent(secret.replaceAll(/\p{Surrogate}/gu, "\ufffd"))
