/**
 * Shares sealed tokens through a store.
 *
 * Each session has a generation in the store: a random text. A token is sealed under its own key and the generation at
 * the time at which its mint began. To invalidate a session is to remove its generation: no entry of the session opens
 * again, not even one whose mint ends later in another process. A generation that the store loses costs a mint.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

import type { Guard } from "../store/guard.js"
import { digest, type Instance, toHex } from "../store/instance.js"
import * as Seal from "./seal.js"
import type { SharedStore } from "./sharedStore.js"
import type { SharedTier, TokenKey } from "./tier.js"

const generationMillis = 86_400_000

/** The entry ends earlier in the store by this time, which makes up for the time that the request takes. */
const requestMillis = 1000

export const make = (store: SharedStore, guard: Guard): SharedTier => {
  const seals = new WeakMap<Instance, Seal.Seal>()
  const sealOf = (instance: Instance): Seal.Seal => {
    const seal = seals.get(instance) ?? Seal.make(instance.secretKey)
    seals.set(instance, seal)
    return seal
  }

  const findIn = (instance: Instance, key: TokenKey) =>
    Effect.gen(function* () {
      const keys = yield* Effect.promise(() => keysOf(instance, key))
      const [generation, entry] = yield* store.get([keys.generation, keys.token])
      if (generation === undefined) {
        // In the store before the mint begins, so that an invalidation during the mint removes it.
        const fresh = toHex(crypto.getRandomValues(new Uint8Array(16)))
        yield* store.set(keys.generation, fresh, generationMillis)
        return { keys, generation: fresh, found: undefined }
      }
      const jwt =
        entry &&
        (yield* Effect.promise(() => sealOf(instance).open(entry.value, nameOf(keys, generation.value))))
      const found = jwt && entry.millis > 0 ? { jwt, keepFor: entry.millis } : undefined
      return { keys, generation: generation.value, found }
    })

  return {
    find: (instance, key) =>
      Effect.map(guard.run(findIn(instance, key)), (result) => {
        if (Option.isNone(result)) {
          return { found: Option.none(), save: () => Effect.void }
        }
        const { found, generation, keys } = result.value
        return {
          found: Option.fromNullable(found),
          save: ({ jwt, keepFor }) => {
            const millis = Math.floor(keepFor) - requestMillis
            const seal = Effect.promise(() => sealOf(instance).seal(jwt, nameOf(keys, generation)))
            return millis > 0
              ? Effect.asVoid(
                  guard.run(Effect.flatMap(seal, (sealed) => store.set(keys.token, sealed, millis)))
                )
              : Effect.void
          }
        }
      }),
    invalidate: (instance, sessionId) =>
      Effect.flatMap(
        guard.run(
          Effect.flatMap(
            Effect.promise(() => keysOf(instance, { sessionId, template: undefined, seconds: undefined })),
            ({ generation }) => store.remove(generation)
          )
        ),
        Option.match({
          onSome: () => Effect.void,
          onNone: () =>
            Effect.logWarning(
              "SessionTokens: the shared tokens of a session were not invalidated, because the store is down"
            )
        })
      )
  }
}

interface Keys {
  readonly generation: string
  readonly token: string
}

/** Hashes: a caller can pass anything as an id, a token even. */
const keysOf = async (instance: Instance, { seconds, sessionId, template }: TokenKey): Promise<Keys> => {
  const name = await instance.storageName()
  const hash = async (value: unknown) => (await digest(JSON.stringify(value))).slice(0, 32)
  return {
    generation: `effect-clerk:session:${name}:${await hash(sessionId)}`,
    token: `effect-clerk:token:${name}:${await hash([sessionId, template ?? null, seconds ?? null])}`
  }
}

const nameOf = ({ token }: Keys, generation: string): string => `${token}:${generation}`
