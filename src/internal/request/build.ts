/** Makes the request of an operation, or refuses its arguments. */
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Either from "effect/Either"
import * as Schedule from "effect/Schedule"

import type { Settings } from "../../ClerkConfig.js"
import * as ClerkError from "../../ClerkError.js"
import type { RequestContext } from "../limiter.js"
import type { OperationName } from "../operations.js"
import * as Redact from "../response/redact.js"
import { isLimit, readSecret } from "../settings.js"
import type { Encoded } from "./encode.js"
import * as Path from "./path.js"

/** The parts of an operation that make its request. */
export interface Parts {
  readonly name: OperationName
  readonly method: "GET" | "POST"
  /** Below `/v1`. */
  readonly path: Path.Path
  readonly query?: Encoded<{ readonly [name: string]: string | number | boolean | undefined }>
  readonly body?: Encoded<object>
  /** The parts of the body that must not appear in an error. */
  readonly secrets?: Encoded<ReadonlyArray<string>>
}

export interface Request {
  readonly http: HttpClientRequest.HttpClientRequest
  readonly context: RequestContext
  /** Made on demand: only errors need it. */
  readonly redact: () => Redact.Redact
}

const empty = Either.right({})

export const build = (
  parts: Parts,
  settings: Settings
): Either.Either<Request, ClerkError.InvalidRequest> => {
  const { body, method, name, path, query, secrets } = parts
  return Either.mapBoth(
    Either.all([
      Path.render(path),
      query?.() ?? empty,
      body?.() ?? empty,
      secretKey(settings),
      limits(settings)
    ]),
    {
      onLeft: (detail) =>
        new ClerkError.InvalidRequest({ operation: name, method, path: `/v1${Path.template(path)}`, detail }),
      onRight: ([rendered, urlParams, json, key]) => ({
        http: HttpClientRequest.modify(template(settings, key), {
          method,
          url: `${settings.apiUrl}/v1${rendered}`,
          ...(query === undefined ? {} : { urlParams }),
          ...(body === undefined ? {} : { body: jsonBody(json) })
        }),
        context: { operation: name, method, path: `/v1${rendered}` },
        redact: () =>
          Redact.make([key, ...(secrets === undefined ? [] : Either.getOrElse(secrets(), () => []))])
      })
    }
  )
}

const secretKey = (settings: Settings): Either.Either<string, string> =>
  Either.fromOption(readSecret(settings.secretKey), () => "secretKey: cannot be read; it has been wiped")

/** Checks what the modifiers of `ClerkConfig` have set. */
const limits = ({ deadline, retry, timeout }: Settings): Either.Either<object, string> => {
  if (!isLimit(timeout) || !isLimit(deadline)) {
    return Either.left(`${isLimit(timeout) ? "deadline" : "timeout"}: expected a duration longer than zero`)
  }
  return Schedule.isSchedule(retry) ? empty : Either.left("retry: expected a Schedule")
}

/** Kept for the same settings: to make the headers takes longer than the rest of a request. */
const templates = new WeakMap<Settings, HttpClientRequest.HttpClientRequest>()

const template = (settings: Settings, key: string): HttpClientRequest.HttpClientRequest => {
  const made = templates.get(settings)
  if (made !== undefined) {
    return made
  }
  const template = HttpClientRequest.get("", {
    headers: {
      accept: "application/json",
      // Not every HTTP client decompresses, and without this header a proxy may choose any coding.
      "accept-encoding": "identity",
      authorization: `Bearer ${key}`,
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

/** The attributes of an operation's span. Arguments that are refused are left out: they may be secrets. */
export const attributes = ({ method, path }: Parts, { apiUrl }: Settings) => ({
  "http.request.method": method,
  "server.address": new URL(apiUrl).hostname,
  "url.template": `/v1${Path.template(path)}`,
  ...(Either.isRight(Path.render(path))
    ? Object.fromEntries(Path.params(path).map(([name, value]) => [`clerk.${name}`, value]))
    : {})
})
