/** Settings for tests. */
import { ClerkConfig, ClerkRetry } from "effect-clerk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

import { secretKey } from "./wire.js"

type Options = Partial<ClerkConfig.Options>

const make = (options: Options) => ClerkConfig.make({ secretKey: Redacted.make(secretKey), ...options })

/** A layer of settings with a secret key and the defaults. */
export const layer = (options: Options = {}): Layer.Layer<ClerkConfig.ClerkConfig> =>
  Layer.orDie(Layer.effect(ClerkConfig.ClerkConfig, make(options)))

/** The settings as a context, for properties that need no layer for each case. */
export const context = (options: Options = {}): Context.Context<ClerkConfig.ClerkConfig> =>
  Context.make(ClerkConfig.ClerkConfig, Effect.runSync(make(options)))

/** Two retries almost without a delay. */
export const quickRetries = ClerkRetry.schedule({ times: 2, base: "1 millis", maxDelay: "2 millis" })
