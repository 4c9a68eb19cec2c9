/** The words of the errors: one line, of bounded length, without control characters. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

/** The code in the errors of `RateLimited` where the program's own limiter refused. */
export const clientRateLimit = "client_rate_limit"

/** Long enough for every path of Clerk's; a caller may pass an id of any length. */
const maxPathLength = 160

/** Longer texts come from a server or an HTTP client. */
const maxTextLength = 400

export const truncate = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length)}…` : text

/** Control and format characters could forge a second line, or hide a part of this one. */
const oneLine = (text: string): string => text.replaceAll(/[\s\p{C}]+/gu, " ").trim()

interface Where {
  readonly operation: string
  readonly method: string
  readonly path: string
}

/** Puts the words of one error together: where, what happened, what to do next. */
export const of = ({ method, operation, path }: Where, what: string, next?: string): string => {
  const where = `${operation} (${method} ${truncate(oneLine(path), maxPathLength)})`
  return `${where}: ${truncate(oneLine(what), maxTextLength)}${next === undefined ? "" : `; ${next}`}`
}

interface Response {
  readonly status: number
  readonly errors: ReadonlyArray<{
    readonly code: string
    readonly message: string
    readonly meta: { readonly [key: string]: unknown }
  }>
  readonly traceId: Option.Option<string>
}

/** Names the status, the first entry with its parameter, and the trace id. */
export const response = ({ errors, status, traceId }: Response): string => {
  const [first, ...others] = errors
  const param = first?.meta["param_name"]
  return [
    status,
    first?.code,
    first?.message,
    Predicate.isString(param) ? `(parameter ${param})` : undefined,
    others.length > 0 ? `(+${others.length} more)` : undefined,
    Option.isSome(traceId) ? `[trace ${traceId.value}]` : undefined
  ]
    .filter(Boolean)
    .join(" ")
}

export const waiting = Option.match({
  onNone: () => undefined,
  onSome: (delay: Duration.Duration) => `retry after ${Duration.format(delay)}`
})

export const unexpectedStatus = (status: number): string => {
  if (status >= 500) return "try again later; see https://status.clerk.com"
  return status >= 300 && status < 400 && status !== 304
    ? "redirects are not followed; check the apiUrl setting"
    : "check that the apiUrl setting leads to Clerk's Backend API"
}

export const transportHint = {
  connect: "nothing was sent; check the network and the apiUrl setting",
  certificate: "nothing was sent; check the server's certificate and the trusted authorities"
}

/** After a request that was sent, got no response, and must not be sent twice. */
export const unknownOutcome =
  "the request may have taken effect; find out whether it has before you send it again"
