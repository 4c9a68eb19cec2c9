/** Makes the request of an operation, or refuses its arguments. */
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"

import type * as ClerkConfig from "../ClerkConfig.js"
import * as ClerkError from "../ClerkError.js"
import * as ClerkRetry from "../ClerkRetry.js"
import * as Path from "./path.js"
import * as Scrub from "./scrub.js"

/** Arguments as they are spelled on the wire, or which of them is wrong. */
export type Encoded<A> = Either.Either<A, string>

/** What an operation says about its request. */
export interface Parts {
  readonly name: string
  readonly method: "GET" | "POST"
  /** Below `/v1`. */
  readonly path: Path.Path
  readonly query?: Encoded<{ readonly [name: string]: string | number | boolean | undefined }>
  readonly body?: Encoded<object>
  /** Whether no string of the body may come up in an error. */
  readonly secretBody?: boolean
}

export interface Request {
  readonly http: HttpClientRequest.HttpClientRequest
  /** How the errors of this request name it. */
  readonly at: { readonly operation: string; readonly method: string; readonly path: string }
  /** Made on demand: most requests never need it. */
  readonly scrub: () => Scrub.Scrub
}

const none = Either.right({})

export const build = (
  { body = none, method, name, path, query = none, secretBody = false }: Parts,
  settings: ClerkConfig.Settings
): Either.Either<Request, ClerkError.InvalidRequest> =>
  Either.mapBoth(Either.all([Path.render(path), query, body, modified(settings)]), {
    onLeft: (detail) =>
      new ClerkError.InvalidRequest({ operation: name, method, path: `/v1${Path.template(path)}`, detail }),
    onRight: ([rendered, urlParams, json]) => ({
      http: HttpClientRequest.modify(template(settings), {
        method,
        url: `${settings.apiUrl}/v1${rendered}`,
        ...(query === none ? {} : { urlParams }),
        ...(body === none ? {} : { body: jsonBody(json) })
      }),
      at: { operation: name, method, path: `/v1${rendered}` },
      scrub: () =>
        Scrub.make([Redacted.value(settings.secretKey), ...(secretBody ? Scrub.strings(json) : [])])
    })
  })

/** What the modifiers of `ClerkConfig` have set, which nobody has checked yet. */
const modified = ({ retry, timeout }: ClerkConfig.Settings): Encoded<unknown> => {
  if (!Duration.greaterThan(timeout, Duration.zero)) {
    return Either.left("timeout: expected a duration longer than zero")
  }
  return ClerkRetry.isClerkRetry(retry)
    ? none
    : Either.left("retry: expected a policy made by the ClerkRetry module")
}

/** Made once for the same settings: to make its headers takes longer than all the rest of a request. */
const templates = new WeakMap<ClerkConfig.Settings, HttpClientRequest.HttpClientRequest>()

const template = (settings: ClerkConfig.Settings): HttpClientRequest.HttpClientRequest => {
  const made = templates.get(settings)
  if (made !== undefined) {
    return made
  }
  const template = HttpClientRequest.get("", {
    headers: {
      accept: "application/json",
      authorization: `Bearer ${Redacted.value(settings.secretKey)}`,
      "clerk-api-version": settings.apiVersion,
      "user-agent": settings.userAgent
    }
  })
  templates.set(settings, template)
  return template
}

const jsonBody = (json: object): HttpBody.HttpBody => {
  const text = JSON.stringify(json)
  return text === "{}" ? HttpBody.empty : HttpBody.text(text, "application/json")
}

/** What the span of an operation says from the start. */
export const attributes = ({ method, path }: Parts, { apiUrl }: ClerkConfig.Settings) => ({
  "http.request.method": method,
  "server.address": new URL(apiUrl).hostname,
  "url.template": `/v1${Path.template(path)}`,
  ...Object.fromEntries(Path.params(path).map(([name, value]) => [`clerk.${name}`, value]))
})
