import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

import type { ErrorEntry } from "../../ClerkError.js"

/** An entry of Clerk's error envelope, encoded. */
export interface EntryJson {
  readonly code: string
  readonly message: string
  readonly long_message?: string
  readonly meta?: Readonly<Record<string, unknown>>
}

/** An error response, before it is encoded. */
export class ErrorResponse extends Data.TaggedError("ErrorResponse")<{
  readonly status: number
  readonly errors: ReadonlyArray<EntryJson>
  readonly retryAfter?: Duration.Duration
}> {}

/** Makes an error response with one entry. */
export const errorResponse = (
  status: number,
  code: string,
  message: string,
  longMessage: string,
  param?: string
): ErrorResponse =>
  new ErrorResponse({
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

/** The request has no Authorization header. */
export const authenticationInvalid = errorResponse(
  401,
  "authentication_invalid",
  "Invalid authentication",
  "The request carries no Authorization header with a secret key."
)

/** The Authorization header is not `Bearer <key>`. */
export const authorizationFormatInvalid = errorResponse(
  401,
  "authorization_header_format_invalid",
  "Invalid Authorization header format",
  "The Authorization header must read: Bearer <secret key>."
)

/** The secret key is not the one of this instance. */
export const keyInvalid = errorResponse(
  401,
  "clerk_key_invalid",
  "Invalid secret key",
  "The secret key is not the key of this instance."
)

/** A path or a body names something that does not exist. */
export const notFound = (what: string, id: string): ErrorResponse =>
  errorResponse(404, "resource_not_found", "not found", `No ${what} was found with id ${id}`)

/** The path is unknown. */
export const unknownRoute = (method: string, path: string): ErrorResponse =>
  errorResponse(404, "resource_not_found", "not found", `There is no operation ${method} ${path}`)

/** The path is known, its method is not. */
export const methodNotAllowed = (method: string, path: string): ErrorResponse =>
  errorResponse(405, "method_not_allowed", "method not allowed", `${path} does not support ${method}`)

/** A required parameter is missing. */
export const missing = (param: string, status = 422): ErrorResponse =>
  errorResponse(status, "form_param_missing", "is missing", `${param} must be included.`, param)

/** A parameter has the wrong type, or is out of its range. */
export const formatInvalid = (param: string, expected: string, status = 422): ErrorResponse =>
  errorResponse(status, "form_param_format_invalid", "is invalid", `${param} must be ${expected}.`, param)

/** A parameter is none of its allowed values. */
export const valueInvalid = (param: string, allowed: ReadonlyArray<string>, status = 422): ErrorResponse =>
  errorResponse(
    status,
    "form_param_value_invalid",
    "is invalid",
    `${param} must be one of: ${allowed.join(", ")}.`,
    param
  )

/** The body is not a JSON object. */
export const bodyInvalid = errorResponse(
  400,
  "request_body_invalid",
  "Request body invalid",
  "The request body must be a JSON object."
)

/** The body is over the limit. */
export const bodyTooLarge = errorResponse(
  413,
  "request_body_too_large",
  "Request body too large",
  "The request body is longer than 1 MiB."
)

/** Only development instances have the operation. */
export const developmentOnly = errorResponse(
  400,
  "request_invalid_for_environment",
  "Invalid request for environment",
  "This request is only valid for development instances."
)

/** The fake failed. */
export const internal = errorResponse(
  500,
  "internal_clerk_error",
  "Internal error",
  "The fake Clerk could not handle this request."
)

/** Encodes an entry of an error. */
export const entry = (error: ErrorEntry): EntryJson => ({
  code: error.code,
  message: error.message,
  ...(Option.isSome(error.longMessage) ? { long_message: error.longMessage.value } : {}),
  ...(Object.keys(error.meta).length > 0 ? { meta: error.meta } : {})
})

const noBody = new Set([204, 205, 304])

/** Makes a JSON response. The content type has no parameters, because the official SDK compares it literally. */
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

/** The `Retry-After` header. */
export const retryAfter = (duration: Duration.Duration) => ({
  "retry-after": String(Duration.toSeconds(duration))
})

/** Encodes an error response. */
export const toResponse = (error: ErrorResponse, traceId: string): Response =>
  json(
    error.status,
    { errors: error.errors, clerk_trace_id: traceId },
    error.retryAfter === undefined ? {} : retryAfter(error.retryAfter)
  )
