/** The token cache: what a token is kept under, for how long, and how it is minted. */
import type { HttpClient } from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"

import { ClerkConfig } from "../../ClerkConfig.js"
import type { SessionToken } from "../../Session.js"
import * as Sessions from "../../Sessions.js"
import type * as SessionTokens from "../../SessionTokens.js"
import { ClerkRateLimiter, type Limiter } from "../limiter.js"
import * as Instance from "../store/instance.js"
import * as Cache from "./cache.js"
import { lifetimeOf } from "./lifetime.js"
import type { SharedTier, TokenKey } from "./tier.js"

/** The options after their checks. */
export interface Checked {
  readonly margin: Duration.Duration
  readonly capacity: number
}

type Requirements = HttpClient | ClerkConfig

/** A token that another process minted is looked up again after this time, so that its invalidation is noticed. */
const maxSharedMillis = 10_000

export const make = (
  { capacity, margin }: Checked,
  tier: Option.Option<SharedTier>
): Effect.Effect<SessionTokens.Service, never, Scope.Scope> =>
  Effect.gen(function* () {
    const cache = yield* Cache.make<SessionToken, SessionTokens.TokenError>(capacity)
    const instanceOf = Instance.makeLookup()
    const marginMillis = Duration.toMillis(margin)

    /** Mints a token in the context of its caller, and says how long it may be served. */
    const mintIn = (
      context: Context.Context<Requirements>,
      mint: Effect.Effect<SessionToken, SessionTokens.TokenError, Requirements>
    ): Effect.Effect<Cache.Made<SessionToken>, SessionTokens.TokenError> =>
      Effect.flatMap(now, (start) => {
        let sent = start
        const limiter = recordTurns(Context.getOption(context, ClerkRateLimiter), (time) => {
          sent = time
        })
        const inner = Context.add(context, ClerkRateLimiter, limiter)
        const minted = Effect.mapInputContext<SessionToken, SessionTokens.TokenError, Requirements, never>(
          mint,
          () => inner
        )
        return Effect.zipWith(minted, now, (value, received) => {
          const millis = Math.floor(lifetimeOf(Redacted.value(value.jwt)) - marginMillis)
          return {
            value,
            keepFor: millis - Math.max(0, received.steady - sent.steady),
            endsAt: sent.wall + millis
          }
        })
      })

    const mintShared = (
      tier: SharedTier,
      instance: Instance.Instance,
      key: TokenKey,
      mint: Effect.Effect<Cache.Made<SessionToken>, SessionTokens.TokenError>
    ): Effect.Effect<Cache.Made<SessionToken>, SessionTokens.TokenError> =>
      Effect.gen(function* () {
        const before = yield* now
        const { found, save } = yield* tier.find(instance, key)
        if (Option.isSome(found)) {
          const after = yield* now
          const keepFor = Math.min(found.value.keepFor - (after.steady - before.steady), maxSharedMillis)
          return { value: { jwt: Redacted.make(found.value.jwt) }, keepFor, endsAt: before.wall + keepFor }
        }
        const made = yield* mint
        if (made.keepFor > 0) {
          yield* save({ jwt: Redacted.value(made.value.jwt), keepFor: made.keepFor })
        }
        return made
      })

    return {
      get: (sessionId, options = {}) =>
        Effect.contextWithEffect((context: Context.Context<Requirements>) => {
          const mint = mintToken(sessionId, options)
          const key = keyOf(sessionId, options)
          if (Option.isNone(key)) {
            return mint
          }
          const instance = instanceOf(Context.get(context, ClerkConfig))
          const own = mintIn(context, mint)
          const { seconds = null, template = null } = key.value
          return cache.get(
            JSON.stringify([instance.id, sessionId, template, seconds]),
            groupOf(instance, sessionId),
            Option.match(tier, {
              onNone: () => own,
              onSome: (tier) => mintShared(tier, instance, key.value, own)
            })
          )
        }),
      invalidate: (sessionId) =>
        Effect.flatMap(ClerkConfig, (settings) => {
          const instance = instanceOf(settings)
          const local = cache.invalidate(groupOf(instance, sessionId))
          return Option.match(tier, {
            onNone: () => local,
            // Last, so that a token which is looked up meanwhile does not stay.
            onSome: (tier) => Effect.ensuring(tier.invalidate(instance, sessionId), local)
          })
        })
    }
  })

// Arguments that are senseless, or cannot be read, are refused by the operation within its effect.
const mintToken = (sessionId: string, { expiresIn, template }: SessionTokens.TokenOptions) =>
  template === undefined
    ? Sessions.createToken(sessionId, { expiresIn })
    : Sessions.createTokenFromTemplate(sessionId, template, { expiresIn })

/** Returns what a token is kept under, or `None` for senseless arguments. Equal lifetimes are one token. */
const keyOf = (
  sessionId: string,
  { expiresIn, template }: SessionTokens.TokenOptions
): Option.Option<TokenKey> => {
  if (typeof sessionId !== "string" || (template !== undefined && typeof template !== "string")) {
    return Option.none()
  }
  return expiresIn === undefined
    ? Option.some({ sessionId, template, seconds: undefined })
    : Option.map(Duration.decodeUnknown(expiresIn), (duration) => ({
        sessionId,
        template,
        seconds: Duration.toSeconds(duration)
      }))
}

const groupOf = (instance: Instance.Instance, sessionId: string): string =>
  JSON.stringify([instance.id, sessionId])

interface Time {
  readonly wall: number
  /** Never set back or forward. */
  readonly steady: number
}

const now: Effect.Effect<Time> = Effect.clockWith((clock) =>
  Effect.sync(() => ({
    wall: clock.unsafeCurrentTimeMillis(),
    steady: Number(clock.unsafeCurrentTimeNanos() / 1_000_000n)
  }))
)

/** Records when the last request was sent: each attempt takes its turn right before. */
const recordTurns = (limiter: Option.Option<Limiter>, record: (time: Time) => void): Limiter => ({
  takeTurn: (...args) =>
    Effect.zipRight(
      Option.match(limiter, { onNone: () => Effect.void, onSome: ({ takeTurn }) => takeTurn(...args) }),
      Effect.map(now, record)
    ),
  holdBack: (...args) =>
    Option.match(limiter, { onNone: () => Effect.void, onSome: ({ holdBack }) => holdBack(...args) })
})
