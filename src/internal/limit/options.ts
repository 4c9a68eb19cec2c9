/** The options of the rate limiter: checks and defaults. */
import type * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

import type * as ClerkRateLimiter from "../../ClerkRateLimiter.js"
import * as Check from "../store/options.js"
import * as Window from "./window.js"

/** The options after their checks. */
export interface Checked {
  /** Returns the window for a secret key. */
  readonly window: (secretKey: string) => Window.Window
  readonly maxWait: Duration.Duration
  readonly onStoreDown: "local" | "open" | "closed"
  readonly storeTimeout: Duration.Duration
}

/** What happens while the store is down, in the words of the log. */
export const whileDown = {
  local: "requests are limited in this process alone",
  open: "requests are sent without a limit",
  closed: "requests are refused"
} as const

export const check = (
  options: ClerkRateLimiter.StoreOptions
): Effect.Effect<Checked, ConfigError.ConfigError> =>
  Effect.gen(function* () {
    const share = yield* Check.number(
      "share",
      options.share ?? 1,
      (share) => share > 0 && share <= 1,
      "above 0 and at most 1"
    )
    const part = (quota: number) => Math.floor(quota * share)
    const quota =
      options.quota === undefined
        ? undefined
        : yield* Check.number("quota", options.quota, Check.isWholeFrom(1), "a whole number from 1")
    if (part(quota ?? quotas.development) < 1) {
      return yield* Check.invalid("share", "large enough to leave at least one request of the quota")
    }
    const per = Duration.toMillis(
      yield* Check.duration(
        "per",
        options.per ?? "10 seconds",
        Check.isFinitePositive,
        "a finite duration above zero"
      )
    )
    const maxWait = yield* Check.duration(
      "maxWait",
      options.maxWait ?? "10 seconds",
      () => true,
      "a duration from zero"
    )
    const storeTimeout = yield* Check.duration(
      "storeTimeout",
      options.storeTimeout ?? "250 millis",
      Check.isFinitePositive,
      "a finite duration above zero"
    )
    const onStoreDown = options.onStoreDown ?? "local"
    if (!Object.hasOwn(whileDown, onStoreDown)) {
      return yield* Check.invalid("onStoreDown", '"local", "open" or "closed"')
    }
    const window = Window.make(part(quota ?? quotas.development), per)
    const productionWindow = Window.make(part(quota ?? quotas.production), per)
    return {
      window: (secretKey) => (secretKey.startsWith("sk_live_") ? productionWindow : window),
      maxWait,
      onStoreDown,
      storeTimeout
    }
  })

/** Requests per 10 seconds and instance, as Clerk documents them. */
const quotas = { production: 1000, development: 100 }
