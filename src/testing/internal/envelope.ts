import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

import type { ErrorEntry } from "../../ClerkError.js"

/** One entry of Clerk's error envelope, as it stands on the wire. */
export interface EntryJson {
  readonly code: string
  readonly message: string
  readonly long_message?: string
  readonly meta?: Readonly<Record<string, unknown>>
}

/** An answer that says no, before it is written down as a response. */
export class Refusal extends Data.TaggedError("Refusal")<{
  readonly status: number
  readonly errors: ReadonlyArray<EntryJson>
  readonly retryAfter?: Duration.Duration
}> {}

/** Any refusal with one entry. */
export const refusal = (
  status: number,
  code: string,
  message: string,
  longMessage: string,
  param?: string
): Refusal =>
  new Refusal({
    status,
    errors: [
      {
        code,
        message,
        long_message: longMessage,
        ...(param === undefined ? {} : { meta: { param_name: param } })
      }
    ]
  })

/** No bearer at all. */
export const authenticationInvalid = refusal(
  401,
  "authentication_invalid",
  "Invalid authentication",
  "The request carries no Authorization header with a secret key."
)

/** An Authorization header that is not `Bearer <key>`. */
export const authorizationFormatInvalid = refusal(
  401,
  "authorization_header_format_invalid",
  "Invalid Authorization header format",
  "The Authorization header must read: Bearer <secret key>."
)

/** A bearer, but not this instance's. */
export const keyInvalid = refusal(
  401,
  "clerk_key_invalid",
  "Invalid secret key",
  "The secret key is not the key of this instance."
)

/** A 404 for something that a path or a body names. */
export const notFound = (what: string, id: string): Refusal =>
  refusal(404, "resource_not_found", "not found", `No ${what} was found with id ${id}`)

/** A 404 for a path that leads nowhere. */
export const unknownRoute = (method: string, path: string): Refusal =>
  refusal(404, "resource_not_found", "not found", `There is nothing at ${method} ${path}`)

/** A known path, asked with the wrong verb. */
export const methodNotAllowed = (method: string, path: string): Refusal =>
  refusal(405, "method_not_allowed", "method not allowed", `${method} is not possible at ${path}`)

/** A parameter that has to be there. */
export const missing = (param: string, status = 422): Refusal =>
  refusal(status, "form_param_missing", "is missing", `${param} must be included.`, param)

/** A parameter of the wrong type, or out of its range. */
export const formatInvalid = (param: string, expected: string, status = 422): Refusal =>
  refusal(status, "form_param_format_invalid", "is invalid", `${param} must be ${expected}.`, param)

/** A parameter that is none of the values it may have. */
export const valueInvalid = (param: string, allowed: ReadonlyArray<string>, status = 422): Refusal =>
  refusal(
    status,
    "form_param_value_invalid",
    "is invalid",
    `${param} must be one of: ${allowed.join(", ")}.`,
    param
  )

/** A body that is no JSON object. */
export const bodyInvalid = refusal(
  400,
  "request_body_invalid",
  "Request body invalid",
  "The request body must be a JSON object."
)

/** A body over the limit. */
export const bodyTooLarge = refusal(
  413,
  "request_body_too_large",
  "Request body too large",
  "The request body is longer than 1 MiB."
)

/** An operation that only development instances offer. */
export const developmentOnly = refusal(
  400,
  "request_invalid_for_environment",
  "Invalid request for environment",
  "This request is only valid for development instances."
)

/** Something went wrong on this side. */
export const internal = refusal(
  500,
  "internal_clerk_error",
  "Internal error",
  "The embedded Clerk could not handle this request."
)

/** An entry of the program's own form, as it stands on the wire. */
export const entry = (error: ErrorEntry): EntryJson => ({
  code: error.code,
  message: error.message,
  ...(Option.isSome(error.longMessage) ? { long_message: error.longMessage.value } : {}),
  ...(Object.keys(error.meta).length > 0 ? { meta: error.meta } : {})
})

const noBody = new Set([204, 205, 304])

/** An answer in JSON. The content type has no parameters: the official SDK compares it to the letter. */
export const json = (
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {}
): Response =>
  noBody.has(status)
    ? new Response(null, { status, headers })
    : new Response(JSON.stringify(body), {
        status,
        headers: { ...headers, "content-type": "application/json" }
      })

/** The header that asks to wait. */
export const retryAfter = (duration: Duration.Duration) => ({
  "retry-after": String(Duration.toSeconds(duration))
})

/** A refusal in Clerk's envelope. */
export const toResponse = (refused: Refusal, traceId: string): Response =>
  json(
    refused.status,
    { errors: refused.errors, clerk_trace_id: traceId },
    refused.retryAfter === undefined ? {} : retryAfter(refused.retryAfter)
  )
