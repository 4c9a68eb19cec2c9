/** The options of the token cache: checks and defaults. */
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"

import type * as SessionTokens from "../../SessionTokens.js"
import * as Check from "../store/options.js"
import type { Checked } from "./make.js"

export const check = (options: SessionTokens.Options): Effect.Effect<Checked, ConfigError.ConfigError> =>
  Effect.all({
    margin: Check.duration(
      "margin",
      options.margin ?? "10 seconds",
      Number.isFinite,
      "a finite duration from zero"
    ),
    capacity: Check.number(
      "capacity",
      options.capacity ?? 1000,
      Check.isWholeFrom(1),
      "a whole number from 1"
    )
  })
