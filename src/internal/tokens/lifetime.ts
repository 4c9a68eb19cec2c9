/** Reads the lifetime of a token that Clerk has just minted. */
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Predicate from "effect/Predicate"

/**
 * Returns `exp - iat` in milliseconds, or 0 where a token does not say both.
 *
 * Both are by Clerk's clock, so that a wrong clock of this machine does not matter. The signature is not checked: the
 * token came from Clerk, and its receiver verifies it.
 */
export const lifetimeOf = (jwt: string): number =>
  Either.getOrElse(
    Either.try(() => {
      const claims: unknown = JSON.parse(
        Either.getOrThrow(Encoding.decodeBase64UrlString(jwt.split(".")[1] ?? ""))
      )
      return seconds(claims, "exp") - seconds(claims, "iat")
    }),
    () => 0
  ) * 1000

const seconds = (claims: unknown, name: string): number => {
  const value = Predicate.hasProperty(claims, name) ? claims[name] : undefined
  if (!Predicate.isNumber(value) || !Number.isFinite(value)) {
    throw new TypeError(`no ${name}`)
  }
  return value
}
