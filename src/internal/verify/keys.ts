/** Keeps the keys of one instance for one layer: when they are loaded, refreshed and given up. */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import type * as Scope from "effect/Scope"

import { KeysUnavailable, type TokenRejected } from "../../AuthenticationError.js"
import type { Keys } from "./loadKeys.js"
import type { Policy } from "./policy.js"
import { quote } from "./quote.js"
import { reject } from "./token.js"

/** Finds the key that a token names, now in milliseconds: at once, or by an effect where it has to be waited for. */
export type FindKey = (
  kid: string | undefined,
  now: number
) => CryptoKey | Effect.Effect<CryptoKey, TokenRejected | KeysUnavailable>

/** The same key for all tokens, whichever key they name. */
export const single =
  (key: CryptoKey): FindKey =>
  () =>
    key

/**
 * Keys that are loaded when the first token needs them.
 *
 * Loads run in the scope, one at a time: interrupting a caller ends no other caller's wait, and closing the scope ends the
 * load.
 */
export const loaded = (
  load: Effect.Effect<Keys, KeysUnavailable>,
  { keysFreshFor, keysKeptFor, refreshAtMost }: Policy,
  scope: Scope.Scope
): FindKey => {
  let kept: { readonly keys: Keys; readonly at: number } | undefined
  let failed: { readonly error: KeysUnavailable; readonly at: number } | undefined
  let loading: Deferred.Deferred<Keys, KeysUnavailable> | undefined
  let refetchedAt: number | undefined

  const start = (now: number, run: typeof load): Effect.Effect<typeof loading & {}> =>
    Effect.uninterruptible(
      Effect.suspend(() => {
        if (loading !== undefined) return Effect.succeed(loading)
        const outcome = Deferred.unsafeMake<Keys, KeysUnavailable>(FiberId.none)
        loading = outcome
        return Effect.map(Effect.forkIn(Effect.interruptible(Effect.either(run)), scope), (fiber) => {
          fiber.addObserver((exit) => {
            const result = Exit.isSuccess(exit) ? exit.value : Either.left(unexpected(exit.cause))
            loading = undefined
            failed = Either.isLeft(result) ? { error: result.left, at: now } : undefined
            kept = Either.isRight(result) ? { keys: result.right, at: now } : kept
            Deferred.unsafeDone(outcome, result)
          })
          return outcome
        })
      })
    )

  const usable = (now: number) => (kept !== undefined && now - kept.at < keysKeptFor ? kept : undefined)

  const loadOrWarn = (now: number) => {
    const consequence =
      usable(now) === undefined
        ? "until they are, no token can be verified"
        : "the keys loaded before stay in use"
    return Effect.tapError(load, ({ message }) => Effect.logWarning(`${message}; ${consequence}`))
  }

  const wait = (kid: string, now: number) =>
    Effect.flatMap(Effect.flatMap(start(now, loadOrWarn(now)), Deferred.await), (keys) => {
      const key = keys.get(kid)
      return key === undefined ? Effect.fail(unknownKey(kid)) : Effect.succeed(key)
    })

  const refreshBehind = (now: number) =>
    loading !== undefined || (failed !== undefined && isWithin(refreshAtMost, failed.at, now))
      ? Effect.void
      : start(now, loadOrWarn(now))

  return (kid, now) => {
    if (kid === undefined) {
      return Effect.fail(reject("unknownKey", "its header names no key (kid); send a session token"))
    }
    const loaded = usable(now)
    if (loaded === undefined) {
      return wait(kid, now)
    }
    const key = loaded.keys.get(kid)
    if (key !== undefined) {
      return isWithin(keysFreshFor, loaded.at, now) ? key : Effect.as(refreshBehind(now), key)
    }
    if (loading === undefined) {
      // Forged tokens must not decide how often Clerk is asked.
      if (refetchedAt !== undefined && isWithin(refreshAtMost, refetchedAt, now)) {
        return Effect.fail(failed === undefined ? unknownKey(kid) : failed.error)
      }
      refetchedAt = now
    }
    return wait(kid, now)
  }
}

/** A clock that was set back puts `since` in the future, which is not within. */
const isWithin = (period: number, since: number, now: number): boolean => now >= since && now - since < period

const unknownKey = (kid: string): TokenRejected =>
  reject(
    "unknownKey",
    `the instance has no key ${quote(kid)}; check that secret key and frontend are of one instance`
  )

const unexpected = (cause: Cause.Cause<never>): KeysUnavailable =>
  new KeysUnavailable({
    detail: Cause.isInterruptedOnly(cause)
      ? "the layer of the verifier was closed while they were loaded"
      : "the HTTP client died while they were loaded"
  })
