/**
 * The store of the rate limiter over one Redis client.
 *
 * The store of `@effect/experimental` makes a client of its own, whose finalizer dies while Redis is down and keeps the
 * process alive.
 */
import * as RateLimiter from "@effect/experimental/RateLimiter"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Redis } from "ioredis"

/** One decision, by the clock of Redis. A key that another program left without an expiry starts anew. */
const script = `
local tokens, refill, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local count, left = tonumber(redis.call("GET", KEYS[1])), redis.call("PTTL", KEYS[1])
if not count or left < 0 then
  count, left = 0, 0
end
count = count + tokens
if limit and count > limit then
  return { count, left }
end
left = left + tokens * refill
redis.call("SET", KEYS[1], count, "PX", left)
return { count, left }
`

interface WithScript {
  effectClerkTurn(key: string, tokens: number, refill: number, limit: number | ""): Promise<[number, number]>
}

export const make = (redis: Redis): Context.Tag.Service<RateLimiter.RateLimiterStore> => {
  redis.defineCommand("effectClerkTurn", { lua: script, numberOfKeys: 1 })
  // `defineCommand` has just added this method.
  const withScript = redis as unknown as WithScript
  return RateLimiter.RateLimiterStore.of({
    fixedWindow: ({ key, limit, refillRate, tokens }) =>
      Effect.tryPromise({
        try: () => withScript.effectClerkTurn(key, tokens, Duration.toMillis(refillRate), limit ?? ""),
        // Without its cause, which quotes the command.
        catch: () => new RateLimiter.RateLimitStoreError({ message: "Redis did not answer" })
      }),
    tokenBucket: () =>
      Effect.fail(new RateLimiter.RateLimitStoreError({ message: "only fixed windows are supported" }))
  })
}
