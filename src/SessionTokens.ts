/**
 * Session tokens that are minted once and served until shortly before they expire.
 *
 * **Details**
 *
 * Each token that `Sessions.createToken` or `Sessions.createTokenFromTemplate` mints is a request of the quota. This
 * module mints one for all who ask, and keeps it for as long as it is valid.
 *
 * @see https://clerk.com/docs/guides/sessions/jwt-templates
 * @module
 * @since 0.1.0
 */
import type { HttpClient } from "@effect/platform/HttpClient"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"

import type { ClerkConfig } from "./ClerkConfig.js"
import type { ClerkErrors, CommonError, NotFound, Unauthorized } from "./ClerkError.js"
import * as Tokens from "./internal/tokens/make.js"
import * as TokensOptions from "./internal/tokens/options.js"
import type { SessionToken } from "./Session.js"

/**
 * The failures of `get`: those of `Sessions.createToken` and `Sessions.createTokenFromTemplate`.
 *
 * @since 0.1.0
 * @category models
 */
export type TokenError = ClerkErrors | NotFound | Unauthorized | CommonError

/**
 * The parameters of `get` beside the session.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenOptions {
  /** The name of a JWT template; without it, the token is a session token. */
  readonly template?: string | undefined
  /**
   * The lifetime of the token, in whole seconds from 30 seconds to 315,360,000 (ten years); the instance's or the
   * template's own by default. A plain number is milliseconds: write `"60 seconds"`.
   */
  readonly expiresIn?: Duration.DurationInput | undefined
}

/**
 * The options of the cache; each has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The time before its expiry at which a token is no longer served; 10 seconds by default. */
  readonly margin?: Duration.DurationInput | undefined
  /** The number of tokens that are kept; 1000 by default. Beyond it, tokens are minted and not kept. */
  readonly capacity?: number | undefined
}

/**
 * The functions of the cache.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Returns a token that is valid for `margin` at least, and mints it if there is none. */
  readonly get: (
    sessionId: string,
    options?: TokenOptions
  ) => Effect.Effect<SessionToken, TokenError, HttpClient | ClerkConfig>
  /** Drops all tokens of a session. */
  readonly invalidate: (sessionId: string) => Effect.Effect<void, never, ClerkConfig>
}

/**
 * The cache as a service.
 *
 * **Details**
 *
 * Its functions require the `HttpClient` and the settings at each call, because each caller mints with its own.
 *
 * @since 0.1.0
 * @category tags
 */
export class SessionTokens extends Context.Tag("effect-clerk/SessionTokens")<SessionTokens, Service>() {}

/**
 * Returns a token for a session, from the cache or minted now.
 *
 * **Details**
 *
 * All who ask at once share one mint; interrupting one of them does not interrupt the others. A failure reaches all of
 * them and is not kept. A token is served until `margin` before its expiry. Its lifetime is counted from the time at which
 * the request was sent, so that a wrong clock of this machine does not matter. A token without `exp` and `iat` is not kept.
 *
 * Tokens are kept by API address, secret key, session, template and lifetime. Equal lifetimes are one, however they are
 * written. The mint uses the settings and the `HttpClient` of the caller that begins it.
 *
 * **Gotchas**
 *
 * A cached token of a revoked session is served until it expires. Call `invalidate` after revoking a session. Anyone who
 * has the token can use it until its `exp`.
 *
 * **Example** (A template token for each request)
 *
 * ```ts
 * import { SessionTokens } from "effect-clerk"
 *
 * export const databaseToken = (sessionId: string) => SessionTokens.get(sessionId, { template: "hasura" })
 * ```
 *
 * @see https://clerk.com/docs/reference/backend-api/tag/sessions/POST/sessions/%7Bsession_id%7D/tokens/%7Btemplate_name%7D
 * @since 0.1.0
 * @category accessors
 */
export const get = (
  sessionId: string,
  options?: TokenOptions
): Effect.Effect<SessionToken, TokenError, SessionTokens | HttpClient | ClerkConfig> =>
  Effect.flatMap(SessionTokens, (tokens) => tokens.get(sessionId, options))

/**
 * Drops all tokens of a session, those of templates included.
 *
 * **Details**
 *
 * A mint that is under way is not kept: the next `get` mints anew. Over a shared store, the tokens are unreachable for
 * all processes; a process that has one in memory may serve it for 10 seconds more, or until `margin` before its expiry
 * if it minted the token itself.
 *
 * @since 0.1.0
 * @category accessors
 */
export const invalidate = (sessionId: string): Effect.Effect<void, never, SessionTokens | ClerkConfig> =>
  Effect.flatMap(SessionTokens, (tokens) => tokens.invalidate(sessionId))

/**
 * Keeps tokens in the memory of this process.
 *
 * **Details**
 *
 * A kept token takes about 11 kB, which is freed when the token expires. `ClerkRedis` shares tokens among processes. The
 * layer fails with a `ConfigError` that names a senseless option.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<SessionTokens, ConfigError.ConfigError> =>
  Layer.scoped(
    SessionTokens,
    Effect.flatMap(TokensOptions.check(options), (checked) => Tokens.make(checked, Option.none()))
  )
