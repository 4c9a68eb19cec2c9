/**
 * One rate limit and one token cache for all processes of a fleet, over Redis.
 *
 * **Details**
 *
 * Needs `ioredis@5` and `@effect/experimental`. A Redis that is down, slow or absent fails no operation: the program
 * starts, each process limits and mints by itself, and the log has one warning per outage.
 *
 * @see https://clerk.com/docs/guides/how-clerk-works/system-limits
 * @module
 * @since 0.1.0
 */
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Redis, RedisOptions } from "ioredis"

import type { StoreOptions } from "./ClerkRateLimiter.js"
import * as Limit from "./internal/limit/make.js"
import * as LimitOptions from "./internal/limit/options.js"
import { ClerkRateLimiter } from "./internal/limiter.js"
import * as Client from "./internal/redis/client.js"
import * as RateLimiterStore from "./internal/redis/rateLimiterStore.js"
import * as TokenStore from "./internal/redis/tokenStore.js"
import * as Guard from "./internal/store/guard.js"
import * as Tokens from "./internal/tokens/make.js"
import * as TokensOptions from "./internal/tokens/options.js"
import * as SealedTier from "./internal/tokens/sealedTier.js"
import { type Options as TokensCacheOptions, SessionTokens } from "./SessionTokens.js"

/**
 * The address of Redis, and any other option of ioredis.
 *
 * **Details**
 *
 * `maxRetriesPerRequest` is 1, `connectTimeout` 2 seconds and `commandTimeout` the limiter's `storeTimeout` unless they
 * are given. `keyPrefix` stands before every key.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectionOptions extends RedisOptions {
  /** The address as a URL, such as `redis://localhost:6379` or `rediss://…`. It takes precedence over `host` and the like. */
  readonly url?: string | undefined
}

/**
 * The options of `layer`: the address of Redis, and the options of the rate limiter and the token cache.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends ConnectionOptions {
  /** The options of the rate limiter, as for `ClerkRateLimiter.layerStore`. */
  readonly limit?: StoreOptions | undefined
  /** The options of the token cache, as for `SessionTokens.layer`. */
  readonly tokens?: TokensCacheOptions | undefined
}

/**
 * Provides a rate limiter and a token cache that all processes share.
 *
 * **Details**
 *
 * All processes with the same Redis, API address and secret key share one quota and one token per session, template and
 * lifetime. One connection serves both. Names in Redis hold the API address and a hash of the secret key.
 *
 * Tokens are encrypted before they leave the process (AES-256-GCM). The key is derived from the secret key, so that there
 * is nothing else to set up. After a change of the secret key, the old entries are misses.
 *
 * While Redis is down, `limit.onStoreDown` decides on requests, and each process mints its own tokens.
 *
 * **Gotchas**
 *
 * A process that minted a token serves its own copy until `margin` before its expiry. A process that read it from Redis
 * looks again after 10 seconds.
 *
 * **Example** (A fleet)
 *
 * ```ts
 * import { Sessions, SessionTokens } from "effect-clerk"
 * import * as ClerkRedis from "effect-clerk/ClerkRedis"
 * import { Effect } from "effect"
 *
 * export const FleetLive = ClerkRedis.layer({ host: "redis.internal", limit: { share: 0.8 } })
 *
 * export const program = Effect.all([Sessions.get("sess_1"), SessionTokens.get("sess_1")]).pipe(
 *   Effect.provide(FleetLive)
 * )
 * ```
 *
 * @see https://github.com/redis/ioredis
 * @since 0.1.0
 * @category layers
 */
export const layer = ({
  limit = {},
  tokens = {},
  ...connection
}: Options): Layer.Layer<ClerkRateLimiter | SessionTokens, ConfigError.ConfigError> =>
  Layer.scopedContext(
    Effect.gen(function* () {
      const limitOptions = yield* LimitOptions.check(limit)
      const tokensOptions = yield* TokensOptions.check(tokens)
      const down = `${LimitOptions.whileDown[limitOptions.onStoreDown]}, and ${mintedAlone}`
      const shared = yield* connect(connection, limitOptions.storeTimeout, down)
      return Context.make(ClerkRateLimiter, yield* makeLimiter(limitOptions, shared)).pipe(
        Context.add(SessionTokens, yield* makeTokens(tokensOptions, shared))
      )
    })
  )

/**
 * Provides the rate limiter alone.
 *
 * @see https://github.com/redis/ioredis
 * @since 0.1.0
 * @category layers
 */
export const layerRateLimiter = ({
  limit = {},
  ...connection
}: Omit<Options, "tokens">): Layer.Layer<ClerkRateLimiter, ConfigError.ConfigError> =>
  Layer.scoped(
    ClerkRateLimiter,
    Effect.gen(function* () {
      const options = yield* LimitOptions.check(limit)
      const down = LimitOptions.whileDown[options.onStoreDown]
      return yield* makeLimiter(options, yield* connect(connection, options.storeTimeout, down))
    })
  )

/**
 * Provides the token cache alone.
 *
 * @see https://github.com/redis/ioredis
 * @since 0.1.0
 * @category layers
 */
export const layerTokens = ({
  tokens = {},
  ...connection
}: Omit<Options, "limit">): Layer.Layer<SessionTokens, ConfigError.ConfigError> =>
  Layer.scoped(
    SessionTokens,
    Effect.gen(function* () {
      const options = yield* TokensOptions.check(tokens)
      const { storeTimeout } = yield* LimitOptions.check({})
      return yield* makeTokens(options, yield* connect(connection, storeTimeout, mintedAlone))
    })
  )

interface Shared {
  readonly redis: Redis
  readonly guard: Guard.Guard
}

const mintedAlone = "each process mints its own tokens"

const connect = (
  options: ConnectionOptions,
  timeout: Duration.Duration,
  down: string
): Effect.Effect<Shared, ConfigError.ConfigError, Scope.Scope> =>
  Effect.all({
    redis: Client.make(options, Duration.toMillis(timeout)),
    guard: Guard.make({
      timeout,
      down: `ClerkRedis: Redis is down, ${down}`,
      up: "ClerkRedis: Redis is back"
    })
  })

const makeLimiter = (options: LimitOptions.Checked, { guard, redis }: Shared) =>
  Limit.make(options, Option.some({ store: RateLimiterStore.make(redis), guard }))

const makeTokens = (options: Tokens.Checked, { guard, redis }: Shared) =>
  Tokens.make(options, Option.some(SealedTier.make(TokenStore.make(redis), guard)))
