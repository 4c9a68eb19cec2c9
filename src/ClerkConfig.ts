/**
 * The settings that every operation reads: the secret key, where Clerk is, and how patient to be.
 *
 * @module
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

import * as ClerkRetry from "./ClerkRetry.js"
import { version } from "./internal/version.js"

/**
 * What can be set; everything but the secret key has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The secret key of the instance (`sk_…`), from "API keys" in the Clerk Dashboard. Surrounding white space is
   * dropped.
   */
  readonly secretKey: Redacted.Redacted
  /**
   * Where the API is; `https://api.clerk.com` by default. With or without `/v1`. Must be `https:` unless the host is a
   * loopback one.
   */
  readonly apiUrl?: string | undefined
  /** Sent as `Clerk-API-Version`; `2026-05-12` by default. */
  readonly apiVersion?: string | undefined
  /** The time for one attempt, headers and body; 10 seconds by default. `Duration.infinity` turns it off. */
  readonly timeout?: Duration.DurationInput | undefined
  /** How failed attempts are repeated; `ClerkRetry.make()` by default. */
  readonly retry?: ClerkRetry.ClerkRetry | undefined
  /** Sent as `User-Agent`; `effect-clerk/<version>` by default. */
  readonly userAgent?: string | undefined
  /** The longest body of an answer, in bytes, that is read; 16 MiB by default. */
  readonly maxResponseSize?: number | undefined
  /**
   * Whether the HTTP client's own span is recorded for every attempt, inside the operation's span; `false` by default.
   * It names the headers that went and came, without their values.
   */
  readonly traceAttempts?: boolean | undefined
}

/**
 * The settings after validation, with the defaults filled in.
 *
 * @since 0.1.0
 * @category models
 */
export interface Settings {
  readonly secretKey: Redacted.Redacted
  /** Without `/v1` and without a trailing slash. */
  readonly apiUrl: string
  readonly apiVersion: string
  readonly timeout: Duration.Duration
  readonly retry: ClerkRetry.ClerkRetry
  readonly userAgent: string
  readonly maxResponseSize: number
  readonly traceAttempts: boolean
}

/**
 * The settings as a service.
 *
 * @since 0.1.0
 * @category services
 */
export class ClerkConfig extends Context.Tag("effect-clerk/ClerkConfig")<ClerkConfig, Settings>() {}

/**
 * Validates settings and fills in the defaults; a refusal names the setting and never quotes its value.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Either.Either<Settings, ConfigError.ConfigError> =>
  validated(options, {})

/**
 * Provides the given settings.
 *
 * Details: fails with a `ConfigError` that names the setting at fault and never quotes the secret key.
 *
 * @example
 * ```ts
 * import { ClerkConfig } from "effect-clerk"
 * import { Redacted } from "effect"
 *
 * export const ClerkLive = ClerkConfig.layer({
 *   secretKey: Redacted.make("sk_test_example"),
 *   timeout: "5 seconds"
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<ClerkConfig, ConfigError.ConfigError> =>
  Layer.effect(
    ClerkConfig,
    Effect.suspend(() => make(options))
  )

/**
 * Provides settings read through the `ConfigProvider`, under names of your own.
 *
 * @example
 * ```ts
 * import { ClerkConfig } from "effect-clerk"
 * import { Config } from "effect"
 *
 * export const ClerkLive = ClerkConfig.layerConfig({
 *   secretKey: Config.redacted("AUTH_SECRET_KEY"),
 *   timeout: Config.duration("AUTH_TIMEOUT").pipe(Config.withDefault("5 seconds"))
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<ClerkConfig, ConfigError.ConfigError> =>
  Layer.effect(ClerkConfig, Effect.flatMap(Config.unwrap(options), make))

/**
 * Provides settings read from `CLERK_SECRET_KEY`, `CLERK_API_URL`, `CLERK_API_VERSION` and `CLERK_TIMEOUT` through the
 * `ConfigProvider`, which is the environment unless another is installed; all but the first may be missing.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerEnv: Layer.Layer<ClerkConfig, ConfigError.ConfigError> = Layer.effect(
  ClerkConfig,
  Config.all({
    secretKey: Config.redacted("CLERK_SECRET_KEY"),
    apiUrl: orUndefined(Config.string("CLERK_API_URL")),
    apiVersion: orUndefined(Config.string("CLERK_API_VERSION")),
    timeout: orUndefined(Config.duration("CLERK_TIMEOUT"))
  }).pipe(
    Effect.flatMap((options) =>
      validated(options, {
        secretKey: "CLERK_SECRET_KEY",
        apiUrl: "CLERK_API_URL",
        apiVersion: "CLERK_API_VERSION",
        timeout: "CLERK_TIMEOUT"
      })
    )
  )
)

/**
 * Gives every attempt of the operations within this much time, headers and body; they fail with `InvalidRequest` unless
 * it is longer than zero.
 *
 * @since 0.1.0
 * @category modifiers
 */
export const withTimeout: {
  (
    timeout: Duration.DurationInput
  ): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R | ClerkConfig>
  <A, E, R>(
    self: Effect.Effect<A, E, R>,
    timeout: Duration.DurationInput
  ): Effect.Effect<A, E, R | ClerkConfig>
} = dual(2, <A, E, R>(self: Effect.Effect<A, E, R>, timeout: Duration.DurationInput) => {
  const duration = Option.getOrElse(Duration.decodeUnknown(timeout), () => Duration.zero)
  return Effect.updateService(self, ClerkConfig, (settings) => ({ ...settings, timeout: duration }))
})

/**
 * Repeats the operations within by this policy.
 *
 * @since 0.1.0
 * @category modifiers
 */
export const withRetry: {
  (
    retry: ClerkRetry.ClerkRetry
  ): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R | ClerkConfig>
  <A, E, R>(self: Effect.Effect<A, E, R>, retry: ClerkRetry.ClerkRetry): Effect.Effect<A, E, R | ClerkConfig>
} = dual(2, <A, E, R>(self: Effect.Effect<A, E, R>, retry: ClerkRetry.ClerkRetry) =>
  Effect.updateService(self, ClerkConfig, (settings) => ({ ...settings, retry }))
)

/**
 * Tries the operations within only once.
 *
 * @since 0.1.0
 * @category modifiers
 */
export const withoutRetry: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R | ClerkConfig> =
  withRetry(ClerkRetry.none)

function orUndefined<A>(config: Config.Config<A>): Config.Config<A | undefined> {
  return Config.map(Config.option(config), Option.getOrUndefined)
}

type Names = { readonly [K in keyof Options]?: string }

function validated(options: Options, names: Names): Either.Either<Settings, ConfigError.ConfigError> {
  const check =
    <A, B>(name: keyof Options, rule: (value: A) => Either.Either<B, string>) =>
    (value: A) =>
      Either.mapLeft(rule(value), (reason) => ConfigError.InvalidData([names[name] ?? name], reason))
  return Either.all({
    secretKey: check("secretKey", secretKey)(options.secretKey),
    apiUrl: check("apiUrl", apiUrl)(options.apiUrl ?? "https://api.clerk.com"),
    apiVersion: check("apiVersion", headerValue)(options.apiVersion ?? "2026-05-12"),
    timeout: check("timeout", timeout)(options.timeout ?? "10 seconds"),
    retry: check("retry", retry)(options.retry ?? ClerkRetry.make()),
    userAgent: check("userAgent", headerValue)(options.userAgent ?? `effect-clerk/${version}`),
    maxResponseSize: check("maxResponseSize", byteCount)(options.maxResponseSize ?? 16 * 1024 * 1024),
    traceAttempts: Either.right(options.traceAttempts === true)
  })
}

function secretKey(key: Redacted.Redacted): Either.Either<Redacted.Redacted, string> {
  const value = Redacted.isRedacted(key) ? Redacted.value(key) : undefined
  if (typeof value !== "string") {
    return Either.left("is missing; pass the secret key as Redacted.make(key)")
  }
  const trimmed = value.trim()
  if (trimmed === "") {
    return Either.left('is empty; copy the secret key (sk_…) from "API keys" in the Clerk Dashboard')
  }
  if (trimmed.startsWith("pk_")) {
    return Either.left("is a publishable key (pk_…); the secret key starts with sk_")
  }
  if (trimmed.startsWith("eyJ")) {
    return Either.left("is a token (a JWT); the secret key starts with sk_")
  }
  if (!/^[\x21-\x7e]+$/.test(trimmed)) {
    return Either.left("holds white space or characters beyond printable ASCII; copy it again")
  }
  return Either.right(trimmed === value ? key : Redacted.make(trimmed))
}

function apiUrl(input: string): Either.Either<string, string> {
  if (typeof input !== "string" || !URL.canParse(input)) {
    return Either.left("is not an absolute URL, such as https://api.clerk.com")
  }
  const url = new URL(input)
  if (url.username !== "" || url.password !== "") {
    return Either.left("holds credentials; the secret key is a setting of its own")
  }
  if (/[?#]/.test(input)) {
    return Either.left("holds a query or a fragment; give the address alone")
  }
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.hostname))) {
    return Either.left(
      "must start with https: (http: is for loopback hosts only), or the key would travel in the clear"
    )
  }
  return Either.right(url.origin + url.pathname.replace(/\/+$/, "").replace(/\/v1$/, ""))
}

function isLoopback(hostname: string): boolean {
  return /^(.+\.)?localhost$|^127(\.\d+){3}$|^\[::1\]$/.test(hostname)
}

function headerValue(value: string): Either.Either<string, string> {
  return typeof value === "string" && /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value)
    ? Either.right(value)
    : Either.left("must be printable ASCII, not empty, without surrounding white space")
}

function timeout(input: Duration.DurationInput): Either.Either<Duration.Duration, string> {
  return Option.match(Duration.decodeUnknown(input), {
    onNone: () => Either.left('is not a duration, such as "10 seconds"'),
    onSome: (duration) =>
      Duration.greaterThan(duration, Duration.zero)
        ? Either.right(duration)
        : Either.left("must be longer than zero; Duration.infinity turns it off")
  })
}

function retry(policy: ClerkRetry.ClerkRetry): Either.Either<ClerkRetry.ClerkRetry, string> {
  return ClerkRetry.isClerkRetry(policy)
    ? Either.right(policy)
    : Either.left("must be a policy made by the ClerkRetry module")
}

function byteCount(value: number): Either.Either<number, string> {
  return Number.isSafeInteger(value) && value > 0
    ? Either.right(value)
    : Either.left("must be a whole number of bytes above zero")
}
