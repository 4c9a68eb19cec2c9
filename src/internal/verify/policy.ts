/** The options of a verifier: what they mean, and which are refused. */
import * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { encode } from "jose/base64url"

import { cookie } from "./credentials.js"

/**
 * Options of a verifier: what it demands of a token beyond a valid signature and valid times.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Origins of your frontends, such as `https://example.com`: the party (`azp`) of a token must be one of them.
   * Without it, tokens issued for any origin of the instance are accepted.
   */
  readonly authorizedParties?: ReadonlyArray<string> | undefined
  /**
   * Whether to accept tokens without a party (`azp`) where `authorizedParties` is set; `false` by default. Tokens of
   * `Sessions.createToken` and of some top-level navigations have none.
   */
  readonly acceptMissingParty?: boolean | undefined
  /** Audiences of which the token (`aud`) must name one. Session tokens have an `aud` only if you configure it. */
  readonly audience?: string | ReadonlyArray<string> | undefined
  /** The issuer (`iss`) that the token must have: the Frontend API URL of the instance. */
  readonly issuer?: string | undefined
  /** How far the clocks of Clerk and of this machine may differ; 5 seconds by default. */
  readonly clockSkew?: Duration.DurationInput | undefined
  /** Whether to accept sessions whose user has tasks to complete; `false` by default. */
  readonly acceptPending?: boolean | undefined
  /**
   * The publishable key of the instance (`pk_…`). With it, the cookie `__session_<suffix>` of this instance is read
   * before `__session`, which several instances on one domain share.
   */
  readonly publishableKey?: string | undefined
}

/**
 * Options of a verifier that loads its keys from Clerk.
 *
 * @since 0.1.0
 * @category models
 */
export interface KeySetOptions extends Options {
  /** How long loaded keys are used without a refresh; 5 minutes by default. */
  readonly keysFreshFor?: Duration.DurationInput | undefined
  /** How long loaded keys are used while a refresh runs or fails; 1 hour by default. */
  readonly keysKeptFor?: Duration.DurationInput | undefined
  /** The least time between two refreshes for tokens that name an unknown key; 30 seconds by default. */
  readonly refreshAtMost?: Duration.DurationInput | undefined
}

/** The options after validation, with their defaults. Durations are in milliseconds. */
export interface Policy {
  readonly parties: ReadonlySet<unknown> | undefined
  readonly acceptMissingParty: boolean
  readonly audiences: ReadonlySet<unknown> | undefined
  readonly issuer: string | undefined
  readonly clockSkew: number
  readonly acceptPending: boolean
  /** The names of the cookies that hold a session token; the first that is present counts. */
  readonly cookies: ReadonlyArray<string>
  readonly keysFreshFor: number
  readonly keysKeptFor: number
  readonly refreshAtMost: number
}

/** The names of options in errors, where they are not those of `KeySetOptions`. */
export type Names = { readonly [K in keyof KeySetOptions]?: string }

export const make = (
  options: KeySetOptions,
  names: Names = {}
): Effect.Effect<Policy, ConfigError.ConfigError> =>
  Effect.gen(function* () {
    const refuse = (name: keyof KeySetOptions, reason: string) =>
      Effect.fail(ConfigError.InvalidData([names[name] ?? name], reason))
    const duration = (
      name: "clockSkew" | "keysFreshFor" | "keysKeptFor" | "refreshAtMost",
      fallback: Duration.DurationInput,
      least: number
    ) => {
      const millis = toMillis(options[name] ?? fallback)
      return millis !== undefined && millis >= least
        ? Effect.succeed(millis)
        : refuse(
            name,
            `must be a finite duration, ${least === 0 ? "not negative" : "above zero"}, such as "5 seconds"`
          )
    }
    const strings = (name: "authorizedParties" | "audience") => {
      const values = options[name]
      const list = typeof values === "string" ? [values] : values
      return list === undefined || (Array.isArray(list) && list.length > 0 && list.every(isText))
        ? Effect.succeed(list)
        : refuse(name, "must hold at least one string, and no empty ones; leave it out to accept any")
    }

    const parties = yield* strings("authorizedParties")
    const noOrigin = parties?.find((party) => !isOrigin(party))
    if (noOrigin !== undefined) {
      return yield* refuse(
        "authorizedParties",
        `must hold origins, such as "https://example.com": no path, no final slash, no wildcard`
      )
    }
    const audiences = yield* strings("audience")
    if (options.issuer !== undefined && !isText(options.issuer)) {
      return yield* refuse("issuer", "must be a string, not empty; leave it out to accept any")
    }
    const policy = {
      parties: parties && new Set(parties),
      acceptMissingParty: options.acceptMissingParty === true,
      audiences: audiences && new Set(audiences),
      issuer: options.issuer,
      acceptPending: options.acceptPending === true,
      clockSkew: yield* duration("clockSkew", "5 seconds", 0),
      keysFreshFor: yield* duration("keysFreshFor", "5 minutes", 1),
      keysKeptFor: yield* duration("keysKeptFor", "1 hour", 1),
      refreshAtMost: yield* duration("refreshAtMost", "30 seconds", 1)
    }
    if (policy.keysKeptFor < policy.keysFreshFor) {
      return yield* refuse("keysKeptFor", "must not be shorter than keysFreshFor")
    }
    if (options.publishableKey === undefined) {
      return { ...policy, cookies: [cookie] }
    }
    const key = isText(options.publishableKey) ? options.publishableKey.trim() : ""
    if (!/^pk_(test|live)_[\w+/=-]+$/.test(key)) {
      return yield* refuse(
        "publishableKey",
        "must be a publishable key (pk_…); copy it from the Clerk Dashboard"
      )
    }
    return { ...policy, cookies: [`${cookie}_${yield* suffix(key)}`, cookie] }
  })

/** Clerk's suffix for the cookies of one instance among others on the same domain. */
const suffix = (publishableKey: string): Effect.Effect<string> =>
  Effect.map(
    Effect.promise(() => crypto.subtle.digest("SHA-1", new TextEncoder().encode(publishableKey))),
    (digest) => encode(new Uint8Array(digest)).slice(0, 8)
  )

const isText = (value: unknown): value is string => typeof value === "string" && value.trim() !== ""

/** Extensions of browsers have schemes of their own, whose URLs have no origin by the standard. */
const isOrigin = (party: string): boolean =>
  /^https?:/i.test(party)
    ? !party.includes("*") && URL.canParse(party) && new URL(party).origin === party
    : /^[a-z][a-z\d+.-]*:\/\/[^\s/*?#]+$/.test(party)

/** Effect reads a negative duration, and what is no number, as zero; here they are mistakes. */
const toMillis = (input: Duration.DurationInput): number | undefined => {
  const isSound =
    typeof input === "string"
      ? !input.trim().startsWith("-")
      : Duration.isDuration(input) || [input].flat().every((part) => Number(part) >= 0)
  const duration = isSound ? Duration.decodeUnknown(input) : Option.none()
  return Option.isSome(duration) && Duration.isFinite(duration.value)
    ? Duration.toMillis(duration.value)
    : undefined
}
