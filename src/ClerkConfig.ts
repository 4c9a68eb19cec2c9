/**
 * The settings of the operations: the secret key, the address of the API, timeouts and retries.
 *
 * @module
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"

import type { ClerkError } from "./ClerkError.js"
import * as ClerkRetry from "./ClerkRetry.js"
import * as Setting from "./internal/settings.js"
import { version } from "./internal/version.js"

/**
 * The options of the layers; all but the secret key have a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The secret key of the instance (`sk_…`), from "API keys" in the Clerk Dashboard. Surrounding white space is
   * removed.
   */
  readonly secretKey: Redacted.Redacted
  /**
   * The address of the API, with or without `/v1`; `https://api.clerk.com` by default. It must start with `https:`,
   * except for loopback hosts.
   */
  readonly apiUrl?: string | undefined
  /** The API version, sent as `Clerk-API-Version`; `2026-05-12` by default. */
  readonly apiVersion?: string | undefined
  /** The time limit of one attempt, for headers and body; 10 seconds by default. `Duration.infinity` turns it off. */
  readonly timeout?: Duration.DurationInput | undefined
  /**
   * The time limit of the whole operation, with its retries and waits; 30 seconds by default. `Duration.infinity` turns
   * it off. A wait that would pass it is not begun: the operation fails at once with the last error.
   */
  readonly deadline?: Duration.DurationInput | undefined
  /** The retry policy; `ClerkRetry.schedule()` by default. `Schedule.stop` turns retries off. */
  readonly retry?: Schedule.Schedule<unknown, ClerkError> | undefined
  /** The `User-Agent` header; `effect-clerk/<version>` by default. */
  readonly userAgent?: string | undefined
  /** The maximum length of a response body in bytes; 16 MiB by default. A longer body is a `DecodeError`. */
  readonly maxResponseSize?: number | undefined
  /**
   * Whether each attempt gets the HTTP client's own span, inside the operation's span; `false` by default. It records
   * the names of headers, not their values.
   */
  readonly traceAttempts?: boolean | undefined
}

/**
 * The validated settings, with defaults for what was not given.
 *
 * @since 0.1.0
 * @category models
 */
export interface Settings {
  /** The secret key of the instance. */
  readonly secretKey: Redacted.Redacted
  /** The address of the API, without `/v1` and without a trailing slash. */
  readonly apiUrl: string
  /** The API version, sent as `Clerk-API-Version`. */
  readonly apiVersion: string
  /** The time limit of one attempt. */
  readonly timeout: Duration.Duration
  /** The time limit of the whole operation. */
  readonly deadline: Duration.Duration
  /** The retry policy. */
  readonly retry: Schedule.Schedule<unknown, ClerkError>
  /** The `User-Agent` header. */
  readonly userAgent: string
  /** The maximum length of a response body in bytes. */
  readonly maxResponseSize: number
  /** Whether each attempt gets the HTTP client's own span. */
  readonly traceAttempts: boolean
}

/**
 * The settings as a service.
 *
 * @since 0.1.0
 * @category tags
 */
export class ClerkConfig extends Context.Tag("effect-clerk/ClerkConfig")<ClerkConfig, Settings>() {}

/**
 * Validates options and returns settings.
 *
 * **Details**
 *
 * Fails with a `ConfigError` that names the option at fault and never quotes the secret key.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Settings, ConfigError.ConfigError> =>
  Effect.suspend(() => validate(options, {}))

/**
 * Provides settings from values.
 *
 * **Details**
 *
 * Fails with a `ConfigError` that names the option at fault and never quotes the secret key.
 *
 * **Example** (a shorter timeout)
 *
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
  Layer.effect(ClerkConfig, make(options))

/**
 * Provides settings of which some are read through the `ConfigProvider`, under names of your choice.
 *
 * **Details**
 *
 * Each option is a value or a `Config` of one.
 *
 * **Example** (names of your choice)
 *
 * ```ts
 * import { ClerkConfig, ClerkRetry } from "effect-clerk"
 * import { Config } from "effect"
 *
 * export const ClerkLive = ClerkConfig.layerConfig({
 *   secretKey: Config.redacted("AUTH_SECRET_KEY"),
 *   timeout: Config.duration("AUTH_TIMEOUT").pipe(Config.withDefault("5 seconds")),
 *   retry: ClerkRetry.schedule({ times: 1 })
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (options: {
  readonly [K in keyof Options]: Options[K] | Config.Config<Options[K]>
}): Layer.Layer<ClerkConfig, ConfigError.ConfigError> =>
  Layer.effect(ClerkConfig, Effect.flatMap(Setting.unwrap<Options>(options), make))

const environment = {
  secretKey: "CLERK_SECRET_KEY",
  apiUrl: "CLERK_API_URL",
  apiVersion: "CLERK_API_VERSION",
  timeout: "CLERK_TIMEOUT",
  deadline: "CLERK_DEADLINE"
}

/**
 * Provides settings from the environment, or from any other `ConfigProvider` that is installed.
 *
 * **Details**
 *
 * Reads `CLERK_SECRET_KEY`, `CLERK_API_URL`, `CLERK_API_VERSION`, `CLERK_TIMEOUT` and `CLERK_DEADLINE`. All but the
 * first are optional. An empty value counts as absent.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerEnv: Layer.Layer<ClerkConfig, ConfigError.ConfigError> = Layer.effect(
  ClerkConfig,
  Config.all({
    secretKey: Setting.secret(environment.secretKey),
    apiUrl: Setting.optional(environment.apiUrl),
    apiVersion: Setting.optional(environment.apiVersion),
    timeout: Setting.optional(environment.timeout),
    deadline: Setting.optional(environment.deadline)
  }).pipe(
    Effect.flatMap(({ deadline, timeout, ...options }) =>
      validate(
        { ...options, timeout: Setting.durationOf(timeout), deadline: Setting.durationOf(deadline) },
        environment
      )
    )
  )
)

/**
 * An effect or a stream that reads the settings.
 *
 * @since 0.1.0
 * @category models
 */
export type Configured<X> =
  X extends Effect.Effect<infer A, infer E, infer R>
    ? Effect.Effect<A, E, R | ClerkConfig>
    : X extends Stream.Stream<infer A, infer E, infer R>
      ? Stream.Stream<A, E, R | ClerkConfig>
      : never

type EffectOrStream = Effect.Effect<unknown, unknown, unknown> | Stream.Stream<unknown, unknown, unknown>

interface Modifier<Value> {
  (value: Value): <X extends EffectOrStream>(self: X) => Configured<X>
  <X extends EffectOrStream>(self: X, value: Value): Configured<X>
}

/**
 * Sets the time limit of each attempt, for the operations of an effect or a stream.
 *
 * **Details**
 *
 * In a stream, the limit holds for the request of each page. Of two nested modifiers, the inner one wins.
 *
 * **Gotchas**
 *
 * The operations fail with `InvalidRequest` unless the duration is longer than zero.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withTimeout: Modifier<Duration.DurationInput> = modifier((timeout: Duration.DurationInput) => ({
  timeout: Setting.durationOrZero(timeout)
}))

/**
 * Sets the time limit of each whole operation, with its retries and waits, for the operations of an effect or a stream.
 *
 * **Details**
 *
 * In a stream, the limit holds for the request of each page. Of two nested modifiers, the inner one wins.
 *
 * **Gotchas**
 *
 * The operations fail with `InvalidRequest` unless the duration is longer than zero.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withDeadline: Modifier<Duration.DurationInput> = modifier(
  (deadline: Duration.DurationInput) => ({
    deadline: Setting.durationOrZero(deadline)
  })
)

/**
 * Sets the retry policy, for the operations of an effect or a stream.
 *
 * **Details**
 *
 * Whatever the schedule says, only errors that `ClerkError.isRetryable` accepts are retried. The schedule alone decides
 * on the delay: `ClerkRetry.schedule` respects a `Retry-After`, a schedule of your own need not.
 *
 * **Example** (every second, five times)
 *
 * ```ts
 * import { ClerkConfig, Sessions } from "effect-clerk"
 * import { Schedule } from "effect"
 *
 * export const session = Sessions.get("sess_1").pipe(
 *   ClerkConfig.withRetry(Schedule.intersect(Schedule.spaced("1 second"), Schedule.recurs(5)))
 * )
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const withRetry: Modifier<Schedule.Schedule<unknown, ClerkError>> = modifier(
  (retry: Schedule.Schedule<unknown, ClerkError>) => ({ retry })
)

/**
 * Turns retries off, for the operations of an effect or a stream.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withoutRetry: <X extends EffectOrStream>(self: X) => Configured<X> = withRetry(Schedule.stop)

/** Makes a modifier that replaces some of the settings. */
function modifier<Value>(change: (value: Value) => Partial<Settings>): Modifier<Value> {
  const modify = (self: EffectOrStream, value: Value) => {
    const update = (settings: Settings): Settings => ({ ...settings, ...change(value) })
    // An effect is a stream, too: it must be asked for first.
    return Effect.isEffect(self)
      ? Effect.updateService(self, ClerkConfig, update)
      : Stream.updateService(self, ClerkConfig, update)
  }
  // The type of the result follows the argument, which a function that tells the two apart at run time cannot show.
  return ((...args: [Value] | [EffectOrStream, Value]) =>
    args.length === 1
      ? (self: EffectOrStream) => modify(self, args[0])
      : modify(args[0], args[1])) as Modifier<Value>
}

type Names = { readonly [K in keyof Options]?: string }

function validate(options: Options, names: Names): Either.Either<Settings, ConfigError.ConfigError> {
  const check = <A, B>(name: keyof Options, rule: Setting.Rule<A, B>, value: A) =>
    Either.mapLeft(rule(value), (reason) => ConfigError.InvalidData([names[name] ?? name], reason))
  return Either.all({
    secretKey: check("secretKey", Setting.secretKey, options.secretKey),
    apiUrl: check("apiUrl", Setting.apiUrl, options.apiUrl ?? "https://api.clerk.com"),
    apiVersion: check("apiVersion", Setting.headerValue, options.apiVersion ?? "2026-05-12"),
    timeout: check("timeout", Setting.limit, options.timeout ?? "10 seconds"),
    deadline: check("deadline", Setting.limit, options.deadline ?? "30 seconds"),
    retry: check("retry", Setting.schedule<ClerkError>, options.retry ?? ClerkRetry.schedule()),
    userAgent: check("userAgent", Setting.headerValue, options.userAgent ?? `effect-clerk/${version}`),
    maxResponseSize: check("maxResponseSize", Setting.byteCount, options.maxResponseSize ?? 16 * 1024 * 1024),
    traceAttempts: Either.right(options.traceAttempts === true)
  })
}
