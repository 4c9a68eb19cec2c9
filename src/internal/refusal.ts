/** Turns an answer that is not a success into the error that stands for its status. */
import type * as Headers from "@effect/platform/Headers"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

import * as ClerkError from "../ClerkError.js"
import type { Body } from "./body.js"
import { parseJson } from "./codec.js"
import * as Scrub from "./scrub.js"

/** An answer that is not a success. */
export interface Refused {
  readonly operation: string
  readonly method: string
  readonly path: string
  readonly status: number
  readonly headers: Headers.Headers
  readonly body: Body
  /** Epoch milliseconds at which the answer came. */
  readonly now: number
  readonly scrub: Scrub.Scrub
}

/** For operations that document a 404. */
export const documents404 = (refused: Refused) =>
  refused.status === 404 ? new ClerkError.NotFound(refusal(refused, read(refused))) : undocumented404(refused)

/** For operations to which a 404 means no more than any other refusal. */
export const undocumented404 = (refused: Refused) => {
  const envelope = read(refused)
  switch (refused.status) {
    case 401:
      return new ClerkError.Unauthorized(refusal(refused, envelope))
    case 429:
      return new ClerkError.RateLimited({ ...refusal(refused, envelope), retryAfter: retryAfter(refused) })
    default:
      return envelope.isEnvelope && refused.status >= 400 && refused.status < 500
        ? new ClerkError.ClerkErrors(refusal(refused, envelope))
        : new ClerkError.ApiError({
            ...answer(refused, envelope),
            body: beginning(refused).slice(0, 1000),
            retryAfter: retryAfter(refused)
          })
  }
}

const answer = ({ method, operation, path, status }: Refused, { errors, traceId }: Envelope) => ({
  operation,
  method,
  path,
  status,
  errors,
  traceId
})

const refusal = (refused: Refused, envelope: Envelope) => ({
  ...answer(refused, envelope),
  meta: envelope.meta
})

interface Envelope {
  readonly isEnvelope: boolean
  readonly errors: ReadonlyArray<ClerkError.ErrorEntry>
  readonly traceId: Option.Option<string>
  readonly meta: { readonly [key: string]: unknown }
}

const read = ({ body, headers, scrub }: Refused): Envelope => {
  const json = Either.getOrNull(parseJson(body.text))
  const envelope = Predicate.isRecord(json) ? json : {}
  const entries = envelope["errors"]
  return {
    isEnvelope: Array.isArray(entries),
    errors: Array.isArray(entries) ? entries.flatMap((item) => entry(scrub, item)) : [],
    traceId: Option.map(
      Option.fromNullable(
        [envelope["clerk_trace_id"], headers["clerk-trace-id"], headers["cf-ray"]].find(Predicate.isString)
      ),
      scrub
    ),
    meta: Scrub.record(scrub, envelope["meta"])
  }
}

const entry = (scrub: Scrub.Scrub, item: unknown): ReadonlyArray<ClerkError.ErrorEntry> =>
  Predicate.isRecord(item)
    ? [
        {
          code: text(scrub, item["code"]),
          message: text(scrub, item["message"]),
          longMessage: Predicate.isString(item["long_message"])
            ? Option.some(scrub(item["long_message"]))
            : Option.none(),
          meta: Scrub.record(scrub, item["meta"])
        }
      ]
    : []

const text = (scrub: Scrub.Scrub, value: unknown): string =>
  typeof value === "string" ? scrub(value) : typeof value === "number" ? String(value) : ""

const beginning = ({ body, scrub }: Refused): string => {
  const text = scrub(body.text)
  return body.cut ? text.slice(0, Math.max(0, text.length - scrub.longest)) : text
}

/** `Retry-After` in seconds or as an HTTP date; anything else counts as absent. */
const retryAfter = ({ headers, now }: Refused): Option.Option<Duration.Duration> => {
  const value = headers["retry-after"]?.trim() ?? ""
  if (/^\d+(\.\d+)?$/.test(value)) {
    return Option.some(Duration.millis(Math.min(Number(value) * 1000, Number.MAX_SAFE_INTEGER)))
  }
  const date = /^[A-Z][a-z]+, .+ GMT$/.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(date) ? Option.none() : Option.some(Duration.millis(Math.max(0, date - now)))
}
