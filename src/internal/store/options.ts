/** Checks options of layers. A refusal names the option. */
import * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** Returns a duration, or fails unless `accepts` holds for it. */
export const duration = (
  name: string,
  input: Duration.DurationInput,
  accepts: (millis: number) => boolean,
  expected: string
): Effect.Effect<Duration.Duration, ConfigError.ConfigError> => {
  // A negative number or NaN decodes to zero; here it is a mistake.
  const isNumber = typeof input !== "number" || input >= 0
  const decoded = isNumber ? Duration.decodeUnknown(input) : Option.none()
  return Option.exists(decoded, (value) => accepts(Duration.toMillis(value)))
    ? Effect.succeed(Option.getOrThrow(decoded))
    : invalid(name, expected)
}

/** Returns a number, or fails unless `accepts` holds for it. */
export const number = (
  name: string,
  input: number,
  accepts: (value: number) => boolean,
  expected: string
): Effect.Effect<number, ConfigError.ConfigError> =>
  typeof input === "number" && accepts(input) ? Effect.succeed(input) : invalid(name, expected)

/** Fails with the name of the option and what it has to be. */
export const invalid = (name: string, expected: string): Effect.Effect<never, ConfigError.ConfigError> =>
  Effect.fail(ConfigError.InvalidData([name], `must be ${expected}`))

/** Whether a number is whole and at least `minimum`. */
export const isWholeFrom =
  (minimum: number) =>
  (value: number): boolean =>
    Number.isSafeInteger(value) && value >= minimum

/** Whether milliseconds are above zero and finite. */
export const isFinitePositive = (millis: number): boolean => millis > 0 && Number.isFinite(millis)
