/** The store of shared tokens over one Redis client. */
import * as Effect from "effect/Effect"
import type { Redis } from "ioredis"

import { type SharedStore, type StoredEntry, StoreFailed } from "../tokens/sharedStore.js"

export const make = (redis: Redis): SharedStore => {
  const run = <A>(command: () => Promise<A>) =>
    Effect.tryPromise({ try: command, catch: () => new StoreFailed() })
  return {
    get: (keys) =>
      run(async () => {
        const commands = keys.flatMap((key) => [
          ["get", key],
          ["pttl", key]
        ])
        const replies = (await redis.pipeline(commands).exec()) ?? []
        return keys.map((_, index) => entry(replies[2 * index], replies[2 * index + 1]))
      }),
    set: (key, value, millis) => run(() => redis.set(key, value, "PX", millis)),
    remove: (key) => run(() => redis.del(key))
  }
}

type Reply = [error: Error | null, result: unknown] | undefined

const entry = (value: Reply, left: Reply): StoredEntry | undefined => {
  const error = value === undefined || left === undefined || (value[0] ?? left[0])
  if (error) {
    throw new StoreFailed()
  }
  const [[, text], [, millis]] = [value, left]
  return typeof text === "string" && typeof millis === "number" ? { value: text, millis } : undefined
}
