/** A Redis client that stays quiet while Redis is down, and ends with its scope. */
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Redis, type RedisOptions } from "ioredis"

/** With the defaults of ioredis, a command waits for more than ten seconds while Redis is down. */
const defaults: RedisOptions = { maxRetriesPerRequest: 1, connectTimeout: 2000 }

export const make = (
  { url, ...given }: RedisOptions & { readonly url?: string | undefined },
  commandTimeout: number
): Effect.Effect<Redis, ConfigError.ConfigError, Scope.Scope> => {
  const options = { ...defaults, commandTimeout, ...given }
  return Effect.acquireRelease(
    Effect.try({
      try: () => {
        const redis = url === undefined ? new Redis(options) : new Redis(url, options)
        // Each command fails by itself. Without a listener, ioredis prints every failed connection.
        redis.on("error", () => {})
        return redis
      },
      // What ioredis says could quote a password.
      catch: () => ConfigError.InvalidData(["ClerkRedis"], "must be options that ioredis accepts")
    }),
    // `quit` would fail while Redis is down, and leave the timer of the next connection running.
    (redis) => Effect.sync(() => redis.disconnect())
  )
}
