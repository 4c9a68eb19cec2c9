/**
 * The seven operations of Clerk's Sessions API, and two ways to page through a list.
 *
 * Details: every operation is an `Effect` that requires an `HttpClient` and a `ClerkConfig`, fails with the tagged
 * errors in its type, and is repeated as `ClerkRetry` says where that is safe.
 *
 * @see https://clerk.com/docs/reference/backend-api/tag/sessions
 * @module
 * @since 0.1.0
 */
import type { HttpClient } from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Stream from "effect/Stream"

import type { ClerkConfig } from "./ClerkConfig.js"
import type { ClerkErrors, CommonError, NotFound, Unauthorized } from "./ClerkError.js"
import { call } from "./internal/call.js"
import { decoder, encoder } from "./internal/codec.js"
import * as Paging from "./internal/paging.js"
import * as Params from "./internal/params.js"
import type { CreateParams, ListParams, RefreshParams, StreamParams, TokenParams } from "./internal/params.js"
import { documents404, undocumented404 } from "./internal/refusal.js"
import * as Shortcut from "./internal/shortcut.js"
import { Session, SessionCookies, SessionPage, SessionToken } from "./Session.js"

export type {
  CreateParams,
  Filters,
  ListParams,
  RefreshParams,
  StreamParams,
  TokenParams
} from "./internal/params.js"

const session = decoder(Session, Shortcut.session)
const page = decoder(SessionPage, Shortcut.page)
const token = decoder(SessionToken, Shortcut.token)
const cookies = decoder(SessionCookies)

const listQuery = encoder(Params.List)
const streamQuery = encoder(Params.Stream)
const createBody = encoder(Params.Create)
const refreshQuery = encoder(Params.RefreshQuery)
const refreshBody = encoder(Params.Refresh)
const tokenBody = encoder(Params.Token)

/**
 * The sessions of a user, of a client, or of both; newest first.
 *
 * Details: one page of them. `limit` is 1 to 500 (10 by default), `offset` counts sessions from 0. Sessions that ended
 * long ago are cleaned up by Clerk and do not appear. `listPage` tells how many there are, `stream` gives them all.
 *
 * @example
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
/** @deprecated Since 2024 Clerk wants a `clientId` or a `userId`; without either it may refuse. */
export function list(
  params?: Partial<ListParams>
): Effect.Effect<ReadonlyArray<Session>, ClerkErrors | Unauthorized | CommonError, HttpClient | ClerkConfig>
export function list(params: Partial<ListParams> = {}) {
  return Effect.map(
    call({
      name: "Sessions.list",
      method: "GET",
      path: ["sessions"],
      query: listQuery(params),
      answer: page,
      refusal: undocumented404
    }),
    ({ data }) => data
  )
}

/**
 * One page of the sessions of a user, of a client, or of both, and how many there are over all pages.
 *
 * Details: the same as `list`, sent with `paginated=true`; `totalCount` is none where Clerk does not count.
 *
 * @see https://clerk.com/docs/reference/backend-api/tag/sessions/GET/sessions
 * @since 0.1.0
 * @category paging
 */
export const listPage = (
  params: ListParams
): Effect.Effect<SessionPage, ClerkErrors | Unauthorized | CommonError, HttpClient | ClerkConfig> =>
  call({
    name: "Sessions.listPage",
    method: "GET",
    path: ["sessions"],
    query: Either.map(listQuery(params), paginated),
    answer: page,
    refusal: undocumented404
  })

/**
 * All sessions of a user, of a client, or of both, page after page, newest first, each at most once.
 *
 * Details: `pageSize` is 1 to 500 (100 by default). A page is only asked for when it is needed. Sessions that appear
 * while the stream runs push the others back; those that come up again on the next page are left out, as long as
 * fewer than 10,000 appear between two pages. Ten pages in a row without anything new end the stream.
 *
 * Gotchas: sessions that *leave* the list while the stream runs pull the others forward, over the edge of a page. To
 * revoke all active sessions, collect them first.
 *
 * @example
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
 * @category paging
 */
export const stream = (
  params: StreamParams
): Stream.Stream<Session, ClerkErrors | Unauthorized | CommonError, HttpClient | ClerkConfig> =>
  Paging.stream((offset) =>
    call({
      name: "Sessions.stream",
      method: "GET",
      path: ["sessions"],
      query: Either.map(streamQuery(params), ({ limit = 100, ...filters }) =>
        paginated({ ...filters, offset, limit })
      ),
      answer: page,
      refusal: undocumented404
    })
  )

/**
 * Starts an active session for a user.
 *
 * Gotchas: for tests only. Clerk refuses it on production instances; to sign a user in from there, make a sign-in
 * token instead. Never repeated unless Clerk refused it unread (429), so that no second session is left behind.
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
    answer: session,
    refusal: documents404
  })

/**
 * The session with this id.
 *
 * @example
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
    answer: session,
    refusal: documents404
  })

/**
 * Trades an expired session token and a refresh token for a new session token, or for cookies with
 * `format: "cookie"`.
 *
 * Details: `Unauthorized` means that Clerk did not accept the tokens, and that the handshake flow is to be started; its
 * `errors` say why.
 *
 * Gotchas: never repeated unless Clerk refused it unread (429), because a refresh token may be good for one use only.
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
    secretBody: true,
    answer: Either.isRight(body) && body.right.format === "cookie" ? cookies : token,
    refusal: undocumented404
  })
}

/**
 * Ends a session: its status becomes `revoked`, and the user has to sign in again on that client.
 *
 * Details: revoking a revoked session gives the same answer again.
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
    answer: session,
    refusal: documents404
  })

/**
 * Mints a session token for an active session.
 *
 * Details: `expiresIn` is whole seconds, 30 to 315,360,000 (ten years); without it the instance's own lifetime holds.
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
    answer: token,
    refusal: documents404
  })

/**
 * Mints a token for an active session from a JWT template of the instance.
 *
 * Details: `expiresIn` is whole seconds, 30 to 315,360,000 (ten years); without it the template's own lifetime holds.
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
    answer: token,
    refusal: documents404
  })

const paginated = <Query>(query: Query) => ({ ...query, paginated: true })
