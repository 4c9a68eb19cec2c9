/** The rules of the settings, and how text from the environment becomes one. */
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"

/** Returns the setting, or says what is wrong with the value without quoting it. */
export type Rule<A, B> = (value: A) => Either.Either<B, string>

export const secretKey: Rule<Redacted.Redacted, Redacted.Redacted> = (key) => {
  const value = Option.getOrUndefined(readSecret(key))
  if (value === undefined) {
    return Either.left("is missing; pass the secret key as Redacted.make(key)")
  }
  const trimmed = value.trim()
  if (trimmed === "") {
    return Either.left('is empty; copy the secret key (sk_…) from "API keys" in the Clerk Dashboard')
  }
  if (trimmed.startsWith("pk_")) {
    return Either.left("is a publishable key (pk_…); the secret key starts with sk_")
  }
  if (trimmed.startsWith("eyJ")) {
    return Either.left("is a token (a JWT); the secret key starts with sk_")
  }
  if (!/^[\x21-\x7e]+$/.test(trimmed)) {
    return Either.left("contains white space or characters other than printable ASCII; copy it again")
  }
  return Either.right(trimmed === value ? key : Redacted.make(trimmed))
}

/** Reads a secret, which throws once its value has been wiped. */
export const readSecret = (secret: Redacted.Redacted<unknown>): Option.Option<string> =>
  Option.filter(Option.liftThrowable(() => Redacted.value(secret))(), (value) => typeof value === "string")

export const apiUrl: Rule<string, string> = (input) => {
  if (typeof input !== "string" || !URL.canParse(input)) {
    return Either.left("is not an absolute URL, such as https://api.clerk.com")
  }
  const url = new URL(input)
  if (url.username !== "" || url.password !== "") {
    return Either.left("contains credentials; the secret key is a setting of its own")
  }
  if (/[?#]/.test(input)) {
    return Either.left("contains a query or a fragment; give the address alone")
  }
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.hostname))) {
    return Either.left(
      "must start with https: (http: is for loopback hosts only), or the key would be readable on the way"
    )
  }
  return Either.right(url.origin + url.pathname.replace(/\/+$/, "").replace(/\/v1$/, ""))
}

const isLoopback = (hostname: string) => /^(.+\.)?localhost$|^127(\.\d+){3}$|^\[::1\]$/.test(hostname)

export const headerValue: Rule<string, string> = (value) =>
  typeof value === "string" && /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value)
    ? Either.right(value)
    : Either.left("must be printable ASCII, not empty, without surrounding white space")

export const limit: Rule<Duration.DurationInput, Duration.Duration> = (input) =>
  Option.match(Duration.decodeUnknown(input), {
    onNone: () => Either.left('is not a duration, such as "10 seconds"'),
    onSome: (duration) =>
      isLimit(duration)
        ? Either.right(duration)
        : Either.left("must be longer than zero; Duration.infinity turns it off")
  })

export const isLimit = (duration: Duration.Duration): boolean => Duration.greaterThan(duration, Duration.zero)

/** Zero stands for a duration that is none: the operation refuses both. */
export const durationOrZero = (input: Duration.DurationInput): Duration.Duration =>
  Option.getOrElse(Duration.decodeUnknown(input), () => Duration.zero)

export const schedule = <E>(
  value: Schedule.Schedule<unknown, E>
): Either.Either<Schedule.Schedule<unknown, E>, string> =>
  Schedule.isSchedule(value)
    ? Either.right(value)
    : Either.left("is not a Schedule; pass ClerkRetry.schedule(), or Schedule.stop to turn retries off")

export const byteCount: Rule<number, number> = (value) =>
  Number.isSafeInteger(value) && value > 0
    ? Either.right(value)
    : Either.left("must be a whole number of bytes above zero")

/** A required secret from the environment. The error of `Config.redacted` would read as if a value were there. */
export const secret = (name: string): Config.Config<Redacted.Redacted> =>
  Config.mapOrFail(optional(name), (value) =>
    value === undefined
      ? Either.left(
          ConfigError.MissingData(
            [name],
            'is not set; copy the secret key (sk_…) from "API keys" in the Clerk Dashboard'
          )
        )
      : Either.right(Redacted.make(value))
  )

/** An optional text from the environment; an empty one counts as absent. */
export const optional = (name: string): Config.Config<string | undefined> =>
  Config.string(name).pipe(
    Config.option,
    Config.map((text) => Option.getOrUndefined(Option.filter(text, (text) => text.trim() !== "")))
  )

/** The text as a duration, which the rule of the setting checks. */
export const durationOf = (text: string | undefined): Duration.DurationInput | undefined =>
  text !== undefined && /^\s*infinity\s*$/i.test(text)
    ? Duration.infinity
    : // Any text will do here: the rule decodes it as an unknown value.
      (text?.trim() as Duration.DurationInput | undefined)

/** Reads the options that are a `Config`, and keeps the others. */
export const unwrap = <A extends object>(options: {
  readonly [K in keyof A]: A[K] | Config.Config<A[K]>
}): Config.Config<A> => {
  const configs = Object.entries(options).map(
    ([name, value]) => [name, Config.isConfig(value) ? value : Config.succeed(value)] as const
  )
  // Each entry has the type of the option with its name.
  return Config.all(Object.fromEntries(configs)) as Config.Config<unknown> as Config.Config<A>
}
