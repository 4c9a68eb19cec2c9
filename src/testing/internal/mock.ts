import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

import type { ClerkError, ErrorEntry, TransportError } from "../../ClerkError.js"
import * as CoreParams from "../../internal/request/params.js"
import * as Session from "../../Session.js"
import type * as Sessions from "../../Sessions.js"
import { ConnectionLost, type Handler } from "./connection.js"
import * as Envelope from "./envelope.js"
import * as Params from "./params.js"
import * as Routes from "./routes.js"

type Name =
  | "list"
  | "listPage"
  | "create"
  | "get"
  | "refresh"
  | "revoke"
  | "createToken"
  | "createTokenFromTemplate"

type Mock<F> = F extends (...args: infer Args) => Effect.Effect<infer A, infer E, infer _R>
  ? (...args: Required<Args>) => Effect.Effect<A, E>
  : never

/**
 * Mocks of some operations. Each has the type of the real operation, without its requirements.
 *
 * **Details**
 *
 * A mock always gets its optional arguments, as empty objects. `Sessions.stream` calls the mock of `listPage`.
 *
 * @since 0.1.0
 * @category models
 */
export type Mocks = { readonly [K in Name]?: Mock<(typeof Sessions)[K]> | undefined }

const encodeSession = Schema.encodeSync(Session.Session)
const encodeSessions = Schema.encodeSync(Schema.Array(Session.Session))
const encodePage = Schema.encodeSync(Session.SessionPage)
const encodeToken = Schema.encodeSync(Session.SessionToken)
const encodeRefreshed = Schema.encodeSync(Schema.Union(Session.SessionToken, Session.SessionCookies))

const decodeList = Schema.decodeUnknownSync(CoreParams.List)
const decodeCreate = Schema.decodeUnknownSync(CoreParams.Create)
const decodeRefresh = Schema.decodeUnknownSync(Schema.extend(CoreParams.Refresh, CoreParams.RefreshQuery))
const decodeToken = Schema.decodeUnknownSync(CoreParams.Token)

/** Responds to every request with the mock of its operation. */
export const handler =
  (mocks: Mocks): Handler =>
  ({ body: rawBody, method, path, query, segments }) =>
    Effect.gen(function* () {
      const route = Routes.match(method, segments)
      const body = yield* Effect.orDie(Params.fields(rawBody))
      if (route._tag !== "Route") return yield* missing(`${method} ${path}`)
      const { id: sessionId, template } = route
      switch (route.operation) {
        case "Sessions.list": {
          // The real client has validated the parameters.
          const params = decodeList(Params.queryFields(query, "limit", "offset")) as Sessions.ListParams
          return yield* query.get("paginated") === "true"
            ? run("listPage", mocks.listPage, (mock) => mock(params), encodePage)
            : run("list", mocks.list, (mock) => mock(params), encodeSessions)
        }
        case "Sessions.create":
          return yield* run("create", mocks.create, (mock) => mock(decodeCreate(body)), encodeSession)
        case "Sessions.get":
          return yield* run("get", mocks.get, (mock) => mock(sessionId), encodeSession)
        case "Sessions.refresh": {
          const suffixed = query.get("suffixed_cookies")
          const params = decodeRefresh({
            ...body,
            ...(suffixed === null ? {} : { suffixed_cookies: suffixed === "true" })
          })
          return yield* run("refresh", mocks.refresh, (mock) => mock(sessionId, params), encodeRefreshed)
        }
        case "Sessions.revoke":
          return yield* run("revoke", mocks.revoke, (mock) => mock(sessionId), encodeSession)
        case "Sessions.createToken":
          return yield* run(
            "createToken",
            mocks.createToken,
            (mock) => mock(sessionId, decodeToken(body)),
            encodeToken
          )
        case "Sessions.createTokenFromTemplate":
          return yield* run(
            "createTokenFromTemplate",
            mocks.createTokenFromTemplate,
            (mock) => mock(sessionId, template, decodeToken(body)),
            encodeToken
          )
        default:
          return yield* missing(`${method} ${path}`)
      }
    })

const run = <M, A>(
  name: Name,
  mock: M | undefined,
  call: (mock: M) => Effect.Effect<A, ClerkError>,
  encode: (value: A) => unknown
): Effect.Effect<Response, ConnectionLost> =>
  mock === undefined
    ? missing(`Sessions.${name}${name === "listPage" ? " (or Sessions.stream)" : ""}`)
    : Effect.matchEffect(
        Effect.suspend(() => call(mock)),
        {
          onFailure: encodeFailure,
          onSuccess: (value) => Effect.sync(() => Envelope.json(200, encode(value)))
        }
      )

const missing = (what: string) =>
  Effect.dieMessage(`ClerkTest.layerMock: ${what} was called, but this test does not mock it`)

/** Makes the response that the real client decodes to this error. */
const encodeFailure = (error: ClerkError): Effect.Effect<Response, ConnectionLost> => {
  switch (error._tag) {
    case "ClerkErrors":
    case "Unauthorized":
    case "NotFound":
      return Effect.sync(() => Envelope.json(error.status, envelope(error)))
    case "RateLimited":
      return Effect.sync(() => Envelope.json(error.status, envelope(error), retryAfter(error)))
    case "ApiError":
      return Effect.sync(() =>
        error.body === "" && error.errors.length > 0
          ? Envelope.json(error.status, envelope(error), retryAfter(error))
          : new Response(error.body, {
              status: error.status,
              headers: {
                ...retryAfter(error),
                ...Option.match(error.traceId, {
                  onNone: () => ({}),
                  onSome: (traceId) => ({ "clerk-trace-id": traceId })
                })
              }
            })
      )
    case "Timeout":
      return Effect.never
    case "TransportError":
      return new ConnectionLost({ cause: transportCause(error) })
    case "DecodeError":
      return Effect.sync(() => Envelope.json(200, {}))
    case "InvalidRequest":
      return Effect.dieMessage(
        "ClerkTest.layerMock: a mock cannot fail with InvalidRequest; the client makes it before it sends a request"
      )
  }
}

const codes = { connect: "ECONNREFUSED", certificate: "CERT_HAS_EXPIRED", broken: undefined } as const

/** An error that the client classifies by its code, and whose message is the detail. */
const transportCause = ({ detail, reason }: TransportError) => {
  const [, code = codes[reason], message] = /^(?:no response: )?(?:([A-Z_]{4,}): )?(.*)$/s.exec(detail) ?? []
  return Object.assign(new Error(message), code === undefined ? {} : { code })
}

const envelope = (error: {
  readonly errors: ReadonlyArray<ErrorEntry>
  readonly traceId: Option.Option<string>
  readonly meta?: Readonly<Record<string, unknown>>
}) => ({
  errors: error.errors.map(Envelope.entry),
  ...Option.match(error.traceId, { onNone: () => ({}), onSome: (clerk_trace_id) => ({ clerk_trace_id }) }),
  ...(error.meta === undefined ? {} : { meta: error.meta })
})

const retryAfter = (error: { readonly retryAfter: Option.Option<Duration.Duration> }) =>
  Option.match(error.retryAfter, { onNone: () => ({}), onSome: Envelope.retryAfter })
