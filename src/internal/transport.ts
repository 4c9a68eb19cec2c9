/** Words what went wrong on the way, from the errors that HTTP clients fail with. */
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as Predicate from "effect/Predicate"

import type { Scrub } from "./scrub.js"

/** Beyond this many, a chain of causes goes in circles. */
const maxCauses = 8

/** The code and the words of the innermost cause, which is the one that names the fault. */
export const detail = (error: HttpClientError.HttpClientError, scrub: Scrub): string => {
  const causes = chain(error.cause)
  const code = causes
    .map((cause) => cause["code"])
    .find((code) => Predicate.isString(code) && /^\w+$/.test(code))
  const message = causes
    .map((cause) => cause["message"])
    .findLast((text) => Predicate.isString(text) && text !== "")
  const where = error._tag === "RequestError" ? "no answer" : "the answer broke off"
  const why = [code, message].filter(Predicate.isString).map(scrub).join(": ")
  return why === "" ? where : `${where}: ${why.slice(0, 200)}`
}

const chain = (cause: unknown): ReadonlyArray<{ readonly [key: string]: unknown }> => {
  const causes: Array<{ readonly [key: string]: unknown }> = []
  for (let next = cause; Predicate.isRecord(next) && causes.length < maxCauses; next = next["cause"]) {
    causes.push(next)
  }
  return causes
}
