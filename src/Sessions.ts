/**
 * The seven operations of Clerk's Sessions API, functions to page through lists, and `revokeAll`.
 *
 * **Details**
 *
 * Every operation is an `Effect` that requires an `HttpClient` and a `ClerkConfig`. It fails with the tagged errors in its
 * type, and is retried where that is safe.
 *
 * @see https://clerk.com/docs/reference/backend-api/tag/sessions
 * @module
 * @since 0.1.0
 */
import type { HttpClient } from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"

import type { ClerkConfig } from "./ClerkConfig.js"
import type { ClerkErrors, CommonError, NotFound, Unauthorized } from "./ClerkError.js"
import { call } from "./internal/call.js"
import * as Fast from "./internal/fast/decodeSession.js"
import * as Paging from "./internal/paging.js"
import * as Encode from "./internal/request/encode.js"
import * as Params from "./internal/request/params.js"
import type {
  CreateParams,
  ListParams,
  RefreshParams,
  StreamParams,
  TokenParams
} from "./internal/request/params.js"
import { decoder } from "./internal/response/decode.js"
import { withNotFound, withoutNotFound } from "./internal/response/errorResponse.js"
import { revokeAll as revokeAllWith, type RevokeAllParams } from "./internal/revokeAll.js"
import { Session, SessionCookies, SessionPage, SessionToken } from "./Session.js"

export type {
  CreateParams,
  Filters,
  ListParams,
  Owner,
  RefreshParams,
  StreamParams,
  TokenParams
} from "./internal/request/params.js"
export type { RevokeAllParams } from "./internal/revokeAll.js"

const session = decoder(Session, Fast.session)
const page = decoder(SessionPage, Fast.page)
const token = decoder(SessionToken, Fast.token)
const cookies = decoder(SessionCookies)

const listQuery = Encode.encoder(Params.List)
const streamQuery = Encode.encoder(Params.Stream)
const createBody = Encode.encoder(Params.Create)
const refreshQuery = Encode.encoder(Params.RefreshQuery)
const refreshBody = Encode.encoder(Params.Refresh)
const tokenBody = Encode.encoder(Params.Token)

/**
 * Returns one page of the sessions of a user, of a client, or of both, the newest first.
 *
 * **Details**
 *
 * `limit` is 1 to 500 (10 by default), `offset` counts sessions from 0. Clerk removes sessions that ended long ago.
 * `listPage` also returns how many there are, `stream` returns all of them.
 *
 * **Example** (the active sessions of a user)
 *
 * ```ts
 * import { Sessions } from "effect-clerk"
 *
 * export const active = Sessions.list({ userId: "user_1", status: "active", limit: 100 })
 * ```
 *
 * @see https://clerk.com/docs/reference/backend-api/tag/sessions/GET/sessions
 * @since 0.1.0
 * @category operations
 */
export function list(
  params: ListParams
): Effect.Effect<ReadonlyArray<Session>, ClerkErrors | Unauthorized | CommonError, HttpClient | ClerkConfig>
/** @deprecated Lists the sessions of all users. Clerk asks for a `clientId` or a `userId`, and may refuse without. */
export function list(
  params?: Partial<ListParams>
): Effect.Effect<ReadonlyArray<Session>, ClerkErrors | Unauthorized | CommonError, HttpClient | ClerkConfig>
export function list(params: Partial<ListParams> = {}) {
  return Effect.map(
    call({
      name: "Sessions.list",
      method: "GET",
      path: ["sessions"],
      query: Encode.refine(
        listQuery(params),
        () => Params.hasOwner(params) || !("clientId" in params || "userId" in params),
        Params.ownerMissing
      ),
      decodeResponse: page,
      errorResponse: withoutNotFound
    }),
    ({ data }) => data
  )
}

/**
 * Returns one page of the sessions of a user, of a client, or of both, and the number of sessions on all pages.
 *
 * **Details**
 *
 * The same as `list`, sent with `paginated=true`. `totalCount` is none where Clerk does not count.
 *
 * @see https://clerk.com/docs/reference/backend-api/tag/sessions/GET/sessions
 * @since 0.1.0
 * @category operations
 */
export const listPage = (
  params: ListParams
): Effect.Effect<SessionPage, ClerkErrors | Unauthorized | CommonError, HttpClient | ClerkConfig> =>
  call({
    name: "Sessions.listPage",
    method: "GET",
    path: ["sessions"],
    query: Encode.map(
      Encode.refine(listQuery(params), () => Params.hasOwner(params), Params.ownerMissing),
      paginated
    ),
    decodeResponse: page,
    errorResponse: withoutNotFound
  })

/**
 * Streams all sessions of a user, of a client, or of both, the newest first, each at most once.
 *
 * **Details**
 *
 * `pageSize` is 1 to 500 (100 by default). A page is requested when it is needed. Sessions that are created meanwhile
 * shift the others to later pages; a session that appears again is left out, as long as fewer than 10,000 are created
 * between two pages. A page that is shorter than `pageSize` is the last one, and so is the tenth in a row without a new
 * session.
 *
 * **Gotchas**
 *
 * Sessions that leave the list meanwhile shift the others to earlier pages, where the stream misses them. Use `revokeAll`
 * to end all sessions.
 *
 * **Example** (the countries a user signed in from)
 *
 * ```ts
 * import { Sessions } from "effect-clerk"
 * import { Stream } from "effect"
 *
 * export const countries = Sessions.stream({ userId: "user_1" }).pipe(
 *   Stream.filterMap((session) => session.latestActivity),
 *   Stream.filterMap((activity) => activity.country)
 * )
 * ```
 *
 * @see https://clerk.com/docs/reference/backend-api/tag/sessions/GET/sessions
 * @since 0.1.0
 * @category operations
 */
export const stream = (
  params: StreamParams
): Stream.Stream<Session, ClerkErrors | Unauthorized | CommonError, HttpClient | ClerkConfig> =>
  Paging.stream(
    (offset) => {
      const query = Encode.refine(streamQuery(params), () => Params.hasOwner(params), Params.ownerMissing)
      return call({
        name: "Sessions.stream",
        method: "GET",
        path: ["sessions"],
        query: Encode.map(query, ({ limit = 100, ...filters }) => paginated({ ...filters, offset, limit })),
        decodeResponse: page,
        errorResponse: withoutNotFound
      })
    },
    () => params.pageSize ?? 100
  )

/**
 * Creates an active session for a user.
 *
 * **Gotchas**
 *
 * For tests: Clerk refuses it on production instances, where a sign-in token signs a user in.
 *
 * It is retried only where Clerk cannot have created a session: after a 429, and where no connection was made. An HTTP
 * client that retries by itself (`HttpClient.retryTransient`) may create two sessions: give the operations a client
 * without it.
 *
 * @see https://clerk.com/docs/reference/backend-api/tag/sessions/POST/sessions
 * @see https://clerk.com/docs/reference/backend-api/tag/sign-in-tokens/POST/sign_in_tokens
 * @since 0.1.0
 * @category operations
 */
export const create = (
  params: CreateParams
): Effect.Effect<Session, ClerkErrors | NotFound | Unauthorized | CommonError, HttpClient | ClerkConfig> =>
  call({
    name: "Sessions.create",
    method: "POST",
    path: ["sessions"],
    body: createBody(params),
    decodeResponse: session,
    errorResponse: withNotFound
  })

/**
 * Returns the session with this id.
 *
 * **Example** (a session that may not exist)
 *
 * ```ts
 * import { Sessions } from "effect-clerk"
 * import { Effect, Option } from "effect"
 *
 * export const find = (sessionId: string) =>
 *   Sessions.get(sessionId).pipe(
 *     Effect.asSome,
 *     Effect.catchTag("NotFound", () => Effect.succeed(Option.none()))
 *   )
 * ```
 *
 * @see https://clerk.com/docs/reference/backend-api/tag/sessions/GET/sessions/%7Bsession_id%7D
 * @since 0.1.0
 * @category operations
 */
export const get = (
  sessionId: string
): Effect.Effect<Session, ClerkErrors | NotFound | Unauthorized | CommonError, HttpClient | ClerkConfig> =>
  call({
    name: "Sessions.get",
    method: "GET",
    path: ["sessions", { sessionId }],
    decodeResponse: session,
    errorResponse: withNotFound
  })

/**
 * Exchanges an expired session token and a refresh token for a new session token, or for cookies with
 * `format: "cookie"`.
 *
 * **Details**
 *
 * `Unauthorized` means that Clerk did not accept the tokens. Start the handshake flow then; `errors` says why.
 *
 * **Gotchas**
 *
 * It is retried only after a 429 and where no connection was made, because a refresh token may be good for one use only.
 *
 * @see https://clerk.com/docs/reference/backend-api/tag/sessions/POST/sessions/%7Bsession_id%7D/refresh
 * @since 0.1.0
 * @category operations
 */
export function refresh(
  sessionId: string,
  params: RefreshParams & { readonly format: "cookie" }
): Effect.Effect<SessionCookies, ClerkErrors | Unauthorized | CommonError, HttpClient | ClerkConfig>
export function refresh(
  sessionId: string,
  params: RefreshParams & { readonly format?: "token" | undefined }
): Effect.Effect<SessionToken, ClerkErrors | Unauthorized | CommonError, HttpClient | ClerkConfig>
export function refresh(
  sessionId: string,
  params: RefreshParams
): Effect.Effect<
  SessionToken | SessionCookies,
  ClerkErrors | Unauthorized | CommonError,
  HttpClient | ClerkConfig
>
export function refresh(sessionId: string, params: RefreshParams) {
  const body = refreshBody(params)
  return call<SessionToken | SessionCookies, ClerkErrors | Unauthorized | CommonError>({
    name: "Sessions.refresh",
    method: "POST",
    path: ["sessions", { sessionId }, "refresh"],
    query: refreshQuery(params),
    body,
    secrets: Encode.map(body, Params.refreshSecrets),
    decodeResponse: (text) => (params.format === "cookie" ? cookies : token)(text),
    errorResponse: withoutNotFound
  })
}

/**
 * Ends a session: its status becomes `revoked`, and the user has to sign in again on that client.
 *
 * **Details**
 *
 * To revoke a revoked session succeeds.
 *
 * **Gotchas**
 *
 * The secret key revokes the session of any user. Where the id comes from a request, check first that the session belongs
 * to the user who sent it.
 *
 * Session tokens that were minted before stay valid until they expire.
 *
 * @see https://clerk.com/docs/reference/backend-api/tag/sessions/POST/sessions/%7Bsession_id%7D/revoke
 * @since 0.1.0
 * @category operations
 */
export const revoke = (
  sessionId: string
): Effect.Effect<Session, ClerkErrors | NotFound | Unauthorized | CommonError, HttpClient | ClerkConfig> =>
  call({
    name: "Sessions.revoke",
    method: "POST",
    path: ["sessions", { sessionId }, "revoke"],
    decodeResponse: session,
    errorResponse: withNotFound
  })

/**
 * Revokes all active and pending sessions of a user or a client, and returns those that it revoked.
 *
 * **Details**
 *
 * All sessions are listed before the first one is revoked, and listed again until none is left, so that sessions which
 * begin meanwhile are revoked as well. `except` names sessions to keep, such as the current one.
 *
 * All sessions are tried before it fails with the first error. A session that ended meanwhile is no failure. It is safe to
 * call again. The deadline and the rate limiter apply to each request.
 *
 * If sessions are left after 10 rounds, it fails with `ClerkErrors` (status 409, code `client_sessions_left`).
 *
 * **Gotchas**
 *
 * A token that was minted before is valid until it expires. `SessionTokens.invalidate` drops cached ones.
 *
 * **Example** (sign out everywhere else)
 *
 * ```ts
 * import { Sessions } from "effect-clerk"
 *
 * export const signOutElsewhere = (userId: string, currentSessionId: string) =>
 *   Sessions.revokeAll({ userId, except: currentSessionId })
 * ```
 *
 * @see https://clerk.com/docs/reference/backend-api/tag/sessions/POST/sessions/%7Bsession_id%7D/revoke
 * @since 0.1.0
 * @category operations
 */
export const revokeAll: (
  params: RevokeAllParams
) => Effect.Effect<
  ReadonlyArray<Session>,
  ClerkErrors | Unauthorized | CommonError,
  HttpClient | ClerkConfig
> = revokeAllWith({ stream, revoke })

/**
 * Mints a session token for an active session.
 *
 * **Details**
 *
 * `expiresIn` is a duration in whole seconds, 30 to 315,360,000; the instance's lifetime of session tokens by default.
 *
 * **Gotchas**
 *
 * The token has no authorized party (`azp`): a verifier that is told which parties to accept refuses it by default.
 *
 * @see https://clerk.com/docs/reference/backend-api/tag/sessions/POST/sessions/%7Bsession_id%7D/tokens
 * @since 0.1.0
 * @category operations
 */
export const createToken = (
  sessionId: string,
  params: TokenParams = {}
): Effect.Effect<
  SessionToken,
  ClerkErrors | NotFound | Unauthorized | CommonError,
  HttpClient | ClerkConfig
> =>
  call({
    name: "Sessions.createToken",
    method: "POST",
    path: ["sessions", { sessionId }, "tokens"],
    body: tokenBody(params),
    decodeResponse: token,
    errorResponse: withNotFound
  })

/**
 * Mints a token for an active session from a JWT template of the instance.
 *
 * **Details**
 *
 * `expiresIn` is a duration in whole seconds, 30 to 315,360,000; the template's lifetime by default.
 *
 * **Gotchas**
 *
 * Each call counts against Clerk's rate limit. `SessionTokens` mints a token once and reuses it.
 *
 * @see https://clerk.com/docs/reference/backend-api/tag/sessions/POST/sessions/%7Bsession_id%7D/tokens/%7Btemplate_name%7D
 * @since 0.1.0
 * @category operations
 */
export const createTokenFromTemplate = (
  sessionId: string,
  templateName: string,
  params: TokenParams = {}
): Effect.Effect<
  SessionToken,
  ClerkErrors | NotFound | Unauthorized | CommonError,
  HttpClient | ClerkConfig
> =>
  call({
    name: "Sessions.createTokenFromTemplate",
    method: "POST",
    path: ["sessions", { sessionId }, "tokens", { templateName }],
    body: tokenBody(params),
    decodeResponse: token,
    errorResponse: withNotFound
  })

const paginated = <Query>(query: Query) => ({ ...query, paginated: true })
