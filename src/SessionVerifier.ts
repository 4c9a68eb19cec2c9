/**
 * Verifies session tokens of requests without asking Clerk: signature, kind, party and times.
 *
 * **Details**
 *
 * `layer` loads the public keys of the instance from Clerk when the first token needs them, keeps them, and refreshes
 * them. `layerKey` has one key and needs no network. A token that verifies was issued by the instance for an active
 * session, and has not expired.
 *
 * **Gotchas**
 *
 * The token of a session that was revoked stays valid until it expires, for one minute by default. Ask `Sessions.get`
 * where that is too long.
 *
 * @see https://clerk.com/docs/guides/sessions/manual-jwt-verification
 * @module
 * @since 0.1.0
 */
import type { Input } from "@effect/platform/Headers"
import { HttpClient } from "@effect/platform/HttpClient"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"

import type { AuthenticationError, KeysUnavailable, VerificationError } from "./AuthenticationError.js"
import * as ClerkConfig from "./ClerkConfig.js"
import * as Keys from "./internal/verify/keys.js"
import { loadKeys } from "./internal/verify/loadKeys.js"
import * as Policy from "./internal/verify/policy.js"
import type { KeySetOptions, Options } from "./internal/verify/policy.js"
import { fromPem } from "./internal/verify/publicKey.js"
import * as Verifier from "./internal/verify/verifier.js"
import { SessionId, UserId } from "./Session.js"
import type { SessionClaims } from "./SessionClaims.js"

export type { KeySetOptions, Options } from "./internal/verify/policy.js"

/**
 * A request whose session token was verified.
 *
 * @since 0.1.0
 * @category models
 */
export interface Authenticated {
  /** The claims of the token. */
  readonly claims: SessionClaims
  /** The token itself, for requests to other services on behalf of the user. */
  readonly token: Redacted.Redacted
  /** Whether the token was in the `Authorization` header or in a cookie. Cookies call for protection against CSRF. */
  readonly carrier: "header" | "cookie"
}

/**
 * What a verifier does; the functions of the same names use the one in the context.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Verifies a token. */
  readonly verify: (token: Redacted.Redacted | string) => Effect.Effect<SessionClaims, VerificationError>
  /** Finds the token in the headers of a request, and verifies it. */
  readonly authenticate: (headers: Input) => Effect.Effect<Authenticated, AuthenticationError>
}

/**
 * The verifier as a service.
 *
 * @since 0.1.0
 * @category tags
 */
export class SessionVerifier extends Context.Tag("effect-clerk/SessionVerifier")<
  SessionVerifier,
  Service
>() {}

/**
 * Verifies a session token and returns its claims.
 *
 * **Details**
 *
 * Checks in this order, and fails with the first error: the shape of the token and its header; the signature; user,
 * session, audience, party and issuer; `exp`, `nbf` and `iat` against Effect's `Clock`; the status of the session. Only
 * session tokens are accepted: a token of a JWT template, of a machine or of OAuth is not one.
 *
 * **Example** (Verify the token of a WebSocket message)
 *
 * ```ts
 * import * as SessionVerifier from "effect-clerk/SessionVerifier"
 * import { Effect } from "effect"
 *
 * export const userOf = (token: string) =>
 *   SessionVerifier.verify(token).pipe(
 *     Effect.map((claims) => claims.userId),
 *     Effect.catchTag("TokenExpired", () => Effect.succeed("nobody"))
 *   )
 * ```
 *
 * @see https://clerk.com/docs/guides/sessions/manual-jwt-verification
 * @since 0.1.0
 * @category accessors
 */
export const verify = (
  token: Redacted.Redacted | string
): Effect.Effect<SessionClaims, VerificationError, SessionVerifier> =>
  Effect.flatMap(SessionVerifier, (verifier) => verifier.verify(token))

/**
 * Finds the session token in the headers of a request, verifies it, and returns its claims.
 *
 * **Details**
 *
 * The token is in `Authorization: Bearer`, else in the cookie `__session_<suffix>` of the instance (with the option
 * `publishableKey`), else in the cookie `__session`. A bad token is never replaced by one of a later place. Takes the
 * headers of `@effect/platform`, of the web's `Request` and of Node.
 *
 * **Gotchas**
 *
 * Cookies are sent by browsers without the user's doing. Check `Origin` or require `carrier` to be `header` where a
 * request changes something.
 *
 * @since 0.1.0
 * @category accessors
 */
export const authenticate = (
  headers: Input
): Effect.Effect<Authenticated, AuthenticationError, SessionVerifier> =>
  Effect.flatMap(SessionVerifier, (verifier) => verifier.authenticate(headers))

/**
 * Provides a verifier with the keys of the instance that `ClerkConfig` names, loaded from `GET /v1/jwks`.
 *
 * **Details**
 *
 * Nothing is loaded before the first token. One load runs at a time, with a deadline of 5 seconds, and serves everybody
 * who waits. After `keysFreshFor` the keys are refreshed behind the verification; up to `keysKeptFor` they stay in use
 * although Clerk is down. A token that names an unknown key causes a refresh at most every `refreshAtMost`. Each layer
 * has its own keys. Fails with a `ConfigError` that names the option if one makes no sense.
 *
 * **Example** (Accept tokens of one frontend)
 *
 * ```ts
 * import { FetchHttpClient } from "@effect/platform"
 * import { ClerkConfig } from "effect-clerk"
 * import * as SessionVerifier from "effect-clerk/SessionVerifier"
 * import { Layer } from "effect"
 *
 * export const VerifierLive = SessionVerifier.layer({ authorizedParties: ["https://example.com"] }).pipe(
 *   Layer.provide([FetchHttpClient.layer, ClerkConfig.layerEnv])
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: KeySetOptions = {}
): Layer.Layer<SessionVerifier, ConfigError.ConfigError, HttpClient | ClerkConfig.ClerkConfig> =>
  fromKeySet(options, {})

/**
 * Provides a verifier with the public key of the instance: no network, no refresh, no secret key.
 *
 * **Details**
 *
 * `jwtKey` is the "JWKS public key" of the Clerk Dashboard, with real line ends, with `\n` written out, or as bare
 * base64. Anything else fails the layer with a `ConfigError` that does not quote it.
 *
 * **Gotchas**
 *
 * When the instance rotates its keys, every token is rejected until the key is replaced.
 *
 * @see https://clerk.com/docs/guides/sessions/manual-jwt-verification
 * @since 0.1.0
 * @category layers
 */
export const layerKey = (
  options: Options & {
    /** The public key of the instance, in PEM. */
    readonly jwtKey: Redacted.Redacted | string
  }
): Layer.Layer<SessionVerifier, ConfigError.ConfigError> => fromKey(options, options.jwtKey, {}, "jwtKey")

const environment = {
  publishableKey: "CLERK_PUBLISHABLE_KEY",
  authorizedParties: "CLERK_AUTHORIZED_PARTIES"
} as const

/**
 * Provides a verifier with what the `ConfigProvider` says, which reads the environment unless another is installed.
 *
 * **Details**
 *
 * `CLERK_JWT_KEY` is used as by `layerKey` if it is set, else `CLERK_SECRET_KEY` and the other variables of
 * `ClerkConfig.layerEnv` as by `layer`. `CLERK_PUBLISHABLE_KEY` and `CLERK_AUTHORIZED_PARTIES` (separated by commas)
 * are optional. An empty variable counts as absent.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerEnv: Layer.Layer<SessionVerifier, ConfigError.ConfigError, HttpClient> = Layer.unwrapEffect(
  Effect.gen(function* () {
    const jwtKey = yield* variable("CLERK_JWT_KEY")
    if (jwtKey === undefined && (yield* variable("CLERK_SECRET_KEY")) === undefined) {
      return yield* Effect.fail(
        ConfigError.MissingData(
          ["CLERK_SECRET_KEY"],
          'is not set, and neither is CLERK_JWT_KEY; copy one of them from "API keys" in the Clerk Dashboard'
        )
      )
    }
    const publishableKey = yield* variable(environment.publishableKey)
    const parties = (yield* variable(environment.authorizedParties))
      ?.split(",")
      .map((party) => party.trim())
      .filter((party) => party !== "")
    const options = { publishableKey, authorizedParties: parties }
    return jwtKey === undefined
      ? Layer.provide(fromKeySet(options, environment), ClerkConfig.layerEnv)
      : fromKey(options, jwtKey, environment, "CLERK_JWT_KEY")
  })
)

/**
 * Claims for tests: those that are left out have defaults.
 *
 * @since 0.1.0
 * @category models
 */
export interface TestClaims extends Partial<Omit<SessionClaims, "userId" | "sessionId">> {
  /** The user of the session; `user_1` by default. */
  readonly userId?: string | undefined
  /** The session; `sess_1` by default. */
  readonly sessionId?: string | undefined
}

/**
 * Provides a verifier for tests: it takes any token for one with these claims.
 *
 * **Details**
 *
 * A request without a token is still `TokenMissing`, so tests can sign in by any token, such as `Bearer test`.
 *
 * **Example** (A user who is an admin)
 *
 * ```ts
 * import { Session } from "effect-clerk"
 * import * as SessionVerifier from "effect-clerk/SessionVerifier"
 * import { Option } from "effect"
 *
 * export const AdminTest = SessionVerifier.layerTest({
 *   userId: "user_admin",
 *   organization: Option.some({
 *     id: Session.OrganizationId.make("org_1"),
 *     slug: Option.none(),
 *     role: Option.some("org:admin"),
 *     permissions: []
 *   })
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTest = (claims: TestClaims = {}): Layer.Layer<SessionVerifier> =>
  Layer.sync(SessionVerifier, () =>
    Verifier.fixed({
      issuer: Option.none(),
      issuedAt: Option.none(),
      expiresAt: DateTime.unsafeMake("9999-12-31T23:59:59Z"),
      notBefore: Option.none(),
      authorizedParty: Option.none(),
      tokenId: Option.none(),
      status: "active",
      factorAge: Option.none(),
      actor: Option.none(),
      organization: Option.none(),
      features: [],
      plans: [],
      custom: {},
      ...claims,
      userId: UserId.make(claims.userId ?? "user_1"),
      sessionId: SessionId.make(claims.sessionId ?? "sess_1")
    })
  )

const fromKeySet = (options: KeySetOptions, names: Policy.Names) =>
  Layer.scoped(
    SessionVerifier,
    Effect.gen(function* () {
      const policy = yield* Policy.make(options, names)
      const client = yield* HttpClient
      const settings = yield* ClerkConfig.ClerkConfig
      // Only these two: a load belongs to no caller's span.
      const context = Context.make(HttpClient, client).pipe(Context.add(ClerkConfig.ClerkConfig, settings))
      const load: Effect.Effect<ReadonlyMap<string, CryptoKey>, KeysUnavailable> = Effect.mapInputContext(
        loadKeys,
        () => context
      )
      return Verifier.make(policy, Keys.loaded(load, policy, yield* Effect.scope))
    })
  )

const fromKey = (options: Options, jwtKey: Redacted.Redacted | string, names: Policy.Names, name: string) =>
  Layer.effect(
    SessionVerifier,
    Effect.gen(function* () {
      const policy = yield* Policy.make(options, names)
      const key = yield* Effect.mapError(fromPem(jwtKey), (reason) => ConfigError.InvalidData([name], reason))
      return Verifier.make(policy, Keys.single(key))
    })
  )

function variable(name: string): Effect.Effect<string | undefined, ConfigError.ConfigError> {
  return Effect.map(Config.option(Config.string(name)), (value) =>
    Option.getOrUndefined(Option.filter(value, (text) => text.trim() !== ""))
  )
}
