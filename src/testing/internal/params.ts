import * as Effect from "effect/Effect"

import * as Envelope from "./envelope.js"
import type { Body } from "./request.js"

/** The members of a JSON body; empty without a body or with a body of `null`. */
export type Fields = Readonly<Record<string, unknown>>

/** Returns a body as an object. Its content type does not matter. */
export const fields = (body: Body): Effect.Effect<Fields, Envelope.ErrorResponse> => {
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

/** Reads a string that may be absent or null. */
export const optionalString = (
  from: Fields,
  name: string,
  status = 422
): Effect.Effect<string | undefined, Envelope.ErrorResponse> => {
  const value = from[name] ?? undefined
  return value === undefined || typeof value === "string"
    ? Effect.succeed(value)
    : Envelope.formatInvalid(name, "a string", status)
}

/** Reads a string that must be present and not empty. */
export const requiredString = (
  from: Fields,
  name: string,
  status = 422
): Effect.Effect<string, Envelope.ErrorResponse> =>
  Effect.flatMap(optionalString(from, name, status), (value) =>
    value === undefined || value === "" ? Envelope.missing(name, status) : Effect.succeed(value)
  )

/** Reads one of some strings; it may be absent or null. */
export const optionalOneOf = (
  from: Fields,
  name: string,
  allowed: ReadonlyArray<string>,
  status = 422
): Effect.Effect<string | undefined, Envelope.ErrorResponse> =>
  Effect.filterOrFail(
    optionalString(from, name, status),
    (value) => value === undefined || allowed.includes(value),
    () => Envelope.valueInvalid(name, allowed, status)
  )

/** Reads an integer within bounds; it may be absent or null. */
export const optionalInteger = (
  from: Fields,
  name: string,
  minimum: number,
  maximum: number
): Effect.Effect<number | undefined, Envelope.ErrorResponse> => {
  const value = from[name] ?? undefined
  return value === undefined ||
    (typeof value === "number" && Number.isInteger(value) && value >= minimum && value <= maximum)
    ? Effect.succeed(value)
    : Envelope.formatInvalid(name, `an integer from ${minimum} to ${maximum}`)
}

/** Returns a query as fields; the named ones become numbers if they are integers. */
export const queryFields = (query: URLSearchParams, ...numeric: ReadonlyArray<string>): Fields =>
  Object.fromEntries(
    Array.from(query, ([name, value]) => [
      name,
      numeric.includes(name) && /^-?\d+$/.test(value) ? Number(value) : value
    ])
  )

/** Reads the page that a query asks for; 10 from the first by default. */
export const page = (query: URLSearchParams) => {
  const fields = queryFields(query, "limit", "offset")
  return Effect.all({
    limit: Effect.map(optionalInteger(fields, "limit", 1, 500), (limit = 10) => limit),
    offset: Effect.map(optionalInteger(fields, "offset", 0, Number.MAX_SAFE_INTEGER), (offset = 0) => offset)
  })
}
