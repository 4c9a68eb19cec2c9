/** Turns a response that is not a success into the error for its status. */
import type * as Headers from "@effect/platform/Headers"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

import * as ClerkError from "../../ClerkError.js"
import type { Body } from "../fast/readBody.js"
import type { RequestContext } from "../limiter.js"
import { parseJson } from "./decode.js"
import * as Redact from "./redact.js"

/** A response that is not a success. */
export interface ErrorResponse {
  readonly context: RequestContext
  readonly status: number
  readonly headers: Headers.Headers
  readonly body: Body
  /** Epoch milliseconds at which it came. */
  readonly now: number
  readonly redact: Redact.Redact
}

/** For operations that document a 404. */
export const withNotFound = (response: ErrorResponse) =>
  response.status === 404
    ? new ClerkError.NotFound(fields(response, read(response)))
    : withoutNotFound(response)

/** For operations that do not document a 404. */
export const withoutNotFound = (response: ErrorResponse) => {
  const envelope = read(response)
  switch (response.status) {
    case 401:
      return new ClerkError.Unauthorized(fields(response, envelope))
    case 429:
      return new ClerkError.RateLimited({ ...fields(response, envelope), retryAfter: retryAfter(response) })
    default:
      return envelope.isEnvelope && response.status >= 400 && response.status < 500
        ? new ClerkError.ClerkErrors(fields(response, envelope))
        : apiError(response, envelope)
  }
}

const apiError = (response: ErrorResponse, envelope: Envelope) => {
  const { meta: _, ...rest } = fields(response, envelope)
  return new ClerkError.ApiError({
    ...rest,
    body: beginning(response).slice(0, 1000),
    retryAfter: retryAfter(response)
  })
}

const fields = ({ context, status }: ErrorResponse, { errors, meta, traceId }: Envelope) => ({
  ...context,
  status,
  errors,
  traceId,
  meta
})

interface Envelope {
  readonly isEnvelope: boolean
  readonly errors: ReadonlyArray<ClerkError.ErrorEntry>
  readonly traceId: Option.Option<string>
  readonly meta: { readonly [key: string]: unknown }
}

const read = ({ body, headers, redact }: ErrorResponse): Envelope => {
  const json = Either.getOrNull(parseJson(body.text))
  const envelope = Predicate.isRecord(json) ? json : {}
  const entries = envelope["errors"]
  return {
    isEnvelope: Array.isArray(entries),
    errors: Array.isArray(entries) ? entries.flatMap((item) => entry(redact, item)) : [],
    traceId: Option.map(
      Option.fromNullable(
        [envelope["clerk_trace_id"], headers["clerk-trace-id"], headers["cf-ray"]].find(Predicate.isString)
      ),
      redact
    ),
    meta: Redact.record(redact, envelope["meta"])
  }
}

const entry = (redact: Redact.Redact, item: unknown): ReadonlyArray<ClerkError.ErrorEntry> =>
  Predicate.isRecord(item)
    ? [
        {
          code: redact.code(text(item["code"])),
          message: redact(text(item["message"])),
          longMessage: Predicate.isString(item["long_message"])
            ? Option.some(redact(item["long_message"]))
            : Option.none(),
          meta: Redact.record(redact, item["meta"])
        }
      ]
    : []

const text = (value: unknown): string =>
  typeof value === "string" ? value : typeof value === "number" ? String(value) : ""

/** A secret may begin where the body was truncated, so that much of its end is left out. */
const beginning = ({ body, redact }: ErrorResponse): string => {
  const text = redact(body.text)
  return body.truncated ? text.slice(0, Math.max(0, text.length - redact.longest)) : text
}

/** Reads `Retry-After` in seconds or as an HTTP date; anything else counts as absent. */
const retryAfter = ({ headers, now }: ErrorResponse): Option.Option<Duration.Duration> => {
  const value = headers["retry-after"]?.trim() ?? ""
  if (/^\d+(\.\d+)?$/.test(value)) {
    return Option.some(Duration.millis(Math.min(Number(value) * 1000, Number.MAX_SAFE_INTEGER)))
  }
  const date = /^[A-Z][a-z]+, .+ GMT$/.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(date) ? Option.none() : Option.some(Duration.millis(Math.max(0, date - now)))
}
