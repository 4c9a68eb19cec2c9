/** Turns an error of an HTTP client into a `TransportError`, without the request and its headers. */
import type { HttpClientError, ResponseError } from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Predicate from "effect/Predicate"

import * as ClerkError from "../../ClerkError.js"
import type { Request } from "../request/build.js"

/** A longer chain of causes goes in circles. */
const maxCauses = 8

/** The codes of Node, undici, Bun and the operating system for a connection that was never made. */
const connectCodes =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|ConnectionRefused|FailedToOpenSocket)$/

const certificateCodes =
  /^(?:CERT_\w+|ERR_TLS_CERT_\w+|ERR_SSL_\w*CERT\w*|UNABLE_TO_\w+|\w*SELF_SIGNED_CERT\w*|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH_EXCEEDED|INVALID_PURPOSE)$/

/** Deno has no codes, and others have none that tells these apart: a port that `fetch` refuses, and HTTP in place of TLS. */
const connectMessage = /\(Connect\)|dns error|tcp connect error|^bad port$|wrong version number/i
const certificateMessage =
  /invalid peer certificate|certificate (?:verify failed|has expired|is not trusted)/i

/** Whether a client such as `HttpClient.filterStatusOk` has failed because of the status of a response. */
export const isStatusError = (error: HttpClientError): error is ResponseError =>
  Predicate.hasProperty(error, "reason") &&
  error.reason === "StatusCode" &&
  Predicate.hasProperty(error, "response") &&
  Predicate.hasProperty(error.response, HttpClientResponse.TypeId)

export const toTransportError = (
  request: Request,
  error: unknown,
  hint?: string
): ClerkError.TransportError | ClerkError.InvalidRequest => {
  if (hint !== undefined) {
    return new ClerkError.InvalidRequest({ ...request.context, detail: hint })
  }
  const redact = request.redact()
  const causes = chain(error)
  const words = [codeOf(causes), messageOf(causes)].filter(Predicate.isString).map(redact).join(": ")
  if (
    Predicate.hasProperty(error, "reason") &&
    (error.reason === "InvalidUrl" || error.reason === "Encode")
  ) {
    return new ClerkError.InvalidRequest({
      ...request.context,
      detail: `the HTTP client could not build the request: ${words.slice(0, 200)}`
    })
  }
  const what = Predicate.isTagged(error, "ResponseError") ? "the response broke off" : "no response"
  return new ClerkError.TransportError({
    ...request.context,
    reason: reasonOf(causes),
    detail: words === "" ? what : `${what}: ${words.slice(0, 200)}`
  })
}

type Cause = { readonly [key: string]: unknown }

/** An error of the platform is left out: its message names the URL and its fields hold the request. */
const chain = (error: unknown): ReadonlyArray<Cause> => {
  const causes: Array<Cause> = []
  const isPlatform = Predicate.hasProperty(error, "request")
  for (
    let next =
      isPlatform && Predicate.hasProperty(error, "cause") ? error.cause : isPlatform ? undefined : error;
    Predicate.isRecord(next) && causes.length < maxCauses;
    next = next["cause"]
  ) {
    causes.push(next)
  }
  return causes
}

const codeOf = (causes: ReadonlyArray<Cause>) =>
  causes.map((cause) => cause["code"]).find((code) => Predicate.isString(code) && /^\w+$/.test(code))

/** The innermost cause is the one that names the fault. */
const messageOf = (causes: ReadonlyArray<Cause>) =>
  causes.map((cause) => cause["message"]).findLast((text) => Predicate.isString(text) && text !== "")

const reasonOf = (causes: ReadonlyArray<Cause>): ClerkError.TransportError["reason"] => {
  const any = (key: string, pattern: RegExp) =>
    causes.some((cause) => Predicate.isString(cause[key]) && pattern.test(cause[key]))
  if (any("code", certificateCodes) || any("message", certificateMessage)) {
    return "certificate"
  }
  return any("code", connectCodes) ||
    any("syscall", /^(?:connect|getaddrinfo)$/) ||
    any("message", connectMessage)
    ? "connect"
    : "broken"
}
