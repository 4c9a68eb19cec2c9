/**
 * Keeps all requests to Clerk within the quota of the instance, in one process or in many.
 *
 * **Details**
 *
 * Provide a layer of this module, and every attempt of every operation takes a turn before its timeout starts. Without
 * it, requests are sent at once.
 *
 * @see https://clerk.com/docs/guides/how-clerk-works/system-limits
 * @module
 * @since 0.1.0
 */
import * as RateLimiter from "@effect/experimental/RateLimiter"
import type * as ConfigError from "effect/ConfigError"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"

import * as Limit from "./internal/limit/make.js"
import * as LimitOptions from "./internal/limit/options.js"
import { ClerkRateLimiter } from "./internal/limiter.js"
import * as Guard from "./internal/store/guard.js"

export {
  /** @since 0.1.0 */
  ClerkRateLimiter
} from "./internal/limiter.js"
export type {
  /** @since 0.1.0 */
  Limiter,
  /** @since 0.1.0 */
  RequestContext
} from "./internal/limiter.js"

/**
 * The options of a rate limiter; each has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Requests that Clerk accepts in each `per`: by default 1000 for a key that starts with `sk_live_`, else 100. */
  readonly quota?: number | undefined
  /** The time that `quota` is counted over; 10 seconds by default. */
  readonly per?: Duration.DurationInput | undefined
  /** The part of the quota that this program may use, above 0 and at most 1; 1 by default. */
  readonly share?: number | undefined
  /**
   * The longest wait for a turn; 10 seconds by default.
   *
   * A longer wait fails at once with `RateLimited`, and nothing is sent. `Duration.infinity` waits without a limit.
   */
  readonly maxWait?: Duration.DurationInput | undefined
}

/**
 * The options of a rate limiter over a store that processes share.
 *
 * @since 0.1.0
 * @category models
 */
export interface StoreOptions extends Options {
  /**
   * The policy while the store is down.
   *
   * `"local"` (default) limits in this process alone. `"open"` sends without a limit. `"closed"` fails with
   * `RateLimited`.
   */
  readonly onStoreDown?: "local" | "open" | "closed" | undefined
  /**
   * The longest wait for a decision of the store; 250 milliseconds by default.
   *
   * After a longer wait the store counts as down. Requests that ask at the same time wait together.
   */
  readonly storeTimeout?: Duration.DurationInput | undefined
}

/**
 * Limits the requests of this process.
 *
 * **Details**
 *
 * No span of `per` ever sees more than `quota` requests, and at least 80 % of the quota can be used (for 10 to 4000
 * requests per 10 seconds). Requests wait in the order in which they came. An interrupted wait gives its place to the
 * next request. A 429 of Clerk holds back all requests with the same secret key for its `Retry-After`, an hour at most.
 *
 * Each secret key and API address has its own quota. The layer fails with a `ConfigError` that names a senseless option.
 *
 * **Gotchas**
 *
 * Several processes with one secret key share Clerk's quota. Give each a `share`, or use `ClerkRedis`.
 *
 * **Example** (Stay within Clerk's limits)
 *
 * ```ts
 * import { Sessions } from "effect-clerk"
 * import * as ClerkRateLimiter from "effect-clerk/ClerkRateLimiter"
 * import { Effect } from "effect"
 *
 * export const revokeMany = (ids: ReadonlyArray<string>) =>
 *   Effect.forEach(ids, (id) => Sessions.revoke(id), { concurrency: 20, discard: true }).pipe(
 *     Effect.provide(ClerkRateLimiter.layer({ maxWait: "1 minute" }))
 *   )
 * ```
 *
 * @see https://clerk.com/docs/guides/how-clerk-works/system-limits
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<ClerkRateLimiter, ConfigError.ConfigError> =>
  Layer.effect(
    ClerkRateLimiter,
    Effect.flatMap(LimitOptions.check(options), (checked) => Limit.make(checked, Option.none()))
  )

/**
 * Limits the requests of all processes that share a `RateLimiterStore`.
 *
 * **Details**
 *
 * `ClerkRedis.layerRateLimiter` provides this over Redis. Any other store of `@effect/experimental/RateLimiter` works:
 * one decision is one `fixedWindow` of one key. The key holds the API address and a hash of the secret key.
 *
 * A 429 of Clerk holds back this process for its `Retry-After`. The hold reaches the other processes through the store
 * and lasts up to two windows longer there (4 seconds with Clerk's quotas). A second 429 during a hold does not extend it
 * in the store.
 *
 * **Gotchas**
 *
 * With `onStoreDown: "local"`, each process may use the whole quota while the store is down. The log has one warning per
 * outage.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerStore = (
  options: StoreOptions = {}
): Layer.Layer<ClerkRateLimiter, ConfigError.ConfigError, RateLimiter.RateLimiterStore> =>
  Layer.scoped(
    ClerkRateLimiter,
    Effect.gen(function* () {
      const checked = yield* LimitOptions.check(options)
      const store = yield* RateLimiter.RateLimiterStore
      const guard = yield* Guard.make({
        timeout: checked.storeTimeout,
        down: `ClerkRateLimiter: the store is down, ${LimitOptions.whileDown[checked.onStoreDown]}`,
        up: "ClerkRateLimiter: the store is back"
      })
      return yield* Limit.make(checked, Option.some({ store, guard }))
    })
  )
