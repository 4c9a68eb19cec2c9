/** Paths whose arguments cannot leave their segment. */
import * as Either from "effect/Either"

/** Fixed segments as strings, and each argument as `{ name: value }`. */
export type Path = ReadonlyArray<string | { readonly [name: string]: string }>

/** The path to send a request to, or which argument cannot stand in one. */
export const render = (path: Path): Either.Either<string, string> => {
  let rendered = ""
  for (const segment of path) {
    if (typeof segment === "string") {
      rendered += `/${segment}`
      continue
    }
    for (const name in segment) {
      const value = segment[name]
      if (!isSegment(value)) {
        return Either.left(
          `${name}: expected an id or a name, not empty, not "." or "..", and well-formed Unicode`
        )
      }
      rendered += `/${encodeURIComponent(value)}`
    }
  }
  return Either.right(rendered)
}

/** The path with the names of its arguments in place of their values. */
export const template = (path: Path): string =>
  path
    .map((segment) => (typeof segment === "string" ? `/${segment}` : `/{${Object.keys(segment).join()}}`))
    .join("")

/** The names and values of its arguments. */
export const params = (path: Path): ReadonlyArray<readonly [name: string, value: string]> =>
  path.flatMap((segment) => (typeof segment === "string" ? [] : Object.entries(segment)))

// A dot segment would be resolved, percent-encoded or not; a lone surrogate cannot be encoded.
const isSegment = (value: unknown): value is string =>
  typeof value === "string" &&
  value !== "" &&
  value !== "." &&
  value !== ".." &&
  !/\p{Surrogate}/u.test(value)
