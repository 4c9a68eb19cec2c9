/** Paths whose arguments cannot leave their segment. */
import * as Either from "effect/Either"

import { isText, looksSecret } from "./text.js"

/** Fixed segments as strings, and each argument as `{ name: value }`. */
export type Path = ReadonlyArray<string | { readonly [name: string]: string }>

/** Returns the path to send a request to, or names the argument that cannot stand in one. */
export const render = (path: Path): Either.Either<string, string> => {
  let rendered = ""
  for (const segment of path) {
    if (typeof segment === "string") {
      rendered += `/${segment}`
      continue
    }
    for (const name in segment) {
      const value = segment[name]
      if (!isText(value) || value === "." || value === "..") {
        // A dot segment would be resolved, percent-encoded or not.
        return Either.left(
          `${name}: expected an id or a name, not empty, not "." or "..", and well-formed Unicode`
        )
      }
      if (looksSecret(value)) {
        return Either.left(`${name}: looks like a token or a secret key; pass an id or a name`)
      }
      rendered += `/${encodeURIComponent(value)}`
    }
  }
  return Either.right(rendered)
}

/** Returns the path with the names of its arguments in place of their values. */
export const template = (path: Path): string =>
  path
    .map((segment) => (typeof segment === "string" ? `/${segment}` : `/{${Object.keys(segment).join()}}`))
    .join("")

/** Returns the names and values of the arguments. */
export const params = (path: Path): ReadonlyArray<readonly [name: string, value: string]> =>
  path.flatMap((segment) => (typeof segment === "string" ? [] : Object.entries(segment)))
