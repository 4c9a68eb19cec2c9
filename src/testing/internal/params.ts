import * as Effect from "effect/Effect"

import * as Envelope from "./envelope.js"
import type { Body } from "./received.js"

/** The keys of a JSON body; none where there is no body, or a body of `null`. */
export type Fields = Readonly<Record<string, unknown>>

/** A body as an object, whatever content type it came with. */
export const fields = (body: Body): Effect.Effect<Fields, Envelope.Refusal> => {
  switch (body._tag) {
    case "Empty":
      return Effect.succeed({})
    case "Json":
      return body.value === null
        ? Effect.succeed({})
        : isFields(body.value)
          ? Effect.succeed(body.value)
          : Envelope.bodyInvalid
    case "NotJson":
      return Envelope.bodyInvalid
    case "TooLarge":
      return Envelope.bodyTooLarge
  }
}

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A string that may be absent or null. */
export const optionalString = (
  from: Fields,
  name: string,
  status = 422
): Effect.Effect<string | undefined, Envelope.Refusal> => {
  const value = from[name] ?? undefined
  return value === undefined || typeof value === "string"
    ? Effect.succeed(value)
    : Envelope.formatInvalid(name, "a string", status)
}

/** A string that has to be there and say something. */
export const requiredString = (
  from: Fields,
  name: string,
  status = 422
): Effect.Effect<string, Envelope.Refusal> =>
  Effect.flatMap(optionalString(from, name, status), (value) =>
    value === undefined || value === "" ? Envelope.missing(name, status) : Effect.succeed(value)
  )

/** One of a few strings, that may be absent or null. */
export const optionalOneOf = (
  from: Fields,
  name: string,
  allowed: ReadonlyArray<string>,
  status = 422
): Effect.Effect<string | undefined, Envelope.Refusal> =>
  Effect.filterOrFail(
    optionalString(from, name, status),
    (value) => value === undefined || allowed.includes(value),
    () => Envelope.valueInvalid(name, allowed, status)
  )

/** A whole number within bounds, that may be absent or null. */
export const optionalInteger = (
  from: Fields,
  name: string,
  minimum: number,
  maximum: number
): Effect.Effect<number | undefined, Envelope.Refusal> => {
  const value = from[name] ?? undefined
  return value === undefined ||
    (typeof value === "number" && Number.isInteger(value) && value >= minimum && value <= maximum)
    ? Effect.succeed(value)
    : Envelope.formatInvalid(name, `an integer from ${minimum} to ${maximum}`)
}

/** A query as fields, in which the named ones are numbers if they are written as such. */
export const queryFields = (query: URLSearchParams, ...numeric: ReadonlyArray<string>): Fields =>
  Object.fromEntries(
    Array.from(query, ([name, value]) => [
      name,
      numeric.includes(name) && /^-?\d+$/.test(value) ? Number(value) : value
    ])
  )
