/**
 * A cache whose entries are made once for all who ask at once.
 *
 * `RcMap` does what `Cache` does not: interrupting one caller interrupts no other, and an entry that was invalidated
 * while it was made does not come back. `RcMap` keeps failures and knows no expiry by value; this module adds both.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as RcMap from "effect/RcMap"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"

/** A value and the time to keep it. */
export interface Made<A> {
  readonly value: A
  /** Milliseconds from now. The value is not kept unless they are above zero. */
  readonly keepFor: number
  /** The same end by the clock on the wall, which goes on while the machine sleeps. */
  readonly endsAt: number
}

export interface Cache<A, E> {
  /** Returns the value of the key, or makes it. */
  readonly get: (key: string, group: string, make: Effect.Effect<Made<A>, E>) => Effect.Effect<A, E>
  /** Removes the entries of a group. The next `get` makes them anew, even if they are being made now. */
  readonly invalidate: (group: string) => Effect.Effect<void>
}

interface Entry<A, E> {
  readonly group: string
  /** Absent once the value is made, because it refers to everything in the context of its caller. */
  make: Effect.Effect<Made<A>, E> | undefined
  made: Made<A> | undefined
}

/** Longer timers never fire. */
const maxTimerMillis = 2 ** 31 - 1

export const make = <A, E>(capacity: number): Effect.Effect<Cache<A, E>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const entries = new Map<string, Entry<A, E>>()
    let isClosed = false

    /** Removes an entry, unless another one has taken its place. */
    const remove = (key: string, entry: Entry<A, E>): Effect.Effect<void> =>
      Effect.suspend(() => {
        if (entries.get(key) !== entry) {
          return Effect.void
        }
        entries.delete(key)
        return RcMap.invalidate(map, key)
      })

    const lookup = (key: string) =>
      Effect.suspend((): Effect.Effect<Made<A>, E, Scope.Scope> => {
        const entry = entries.get(key)
        if (entry?.make === undefined) {
          return Effect.interrupt
        }
        return Effect.interruptible(entry.make).pipe(
          Effect.tapErrorCause(() => remove(key, entry)),
          Effect.tap((made) => {
            if (!(made.keepFor > 0)) {
              return remove(key, entry)
            }
            entry.made = made
            entry.make = undefined
            return expire(key, entry, made.keepFor)
          })
        )
      })

    const runFork = Runtime.runFork(yield* Effect.runtime<never>())
    /** Removes the entry later, in a fiber that refers to nothing of the caller's. */
    const expire = (key: string, entry: Entry<A, E>, millis: number) =>
      Effect.map(Effect.scope, (scope) => {
        const end = Effect.sleep(Duration.millis(Math.min(millis, maxTimerMillis)))
        runFork(Effect.zipRight(end, remove(key, entry)), { scope })
      })

    const map: RcMap.RcMap<string, Made<A>, E> = yield* RcMap.make({
      lookup,
      idleTimeToLive: Duration.infinity
    })
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        isClosed = true
        entries.clear()
      })
    )

    const find = (key: string): Effect.Effect<A, E> =>
      Effect.map(Effect.scoped(RcMap.get(map, key)), ({ value }) => value)

    const add = (key: string, group: string, make: Effect.Effect<Made<A>, E>): Effect.Effect<A, E> =>
      Effect.flatMap(FiberRef.get(FiberRef.currentMaxOpsBeforeYield), (maxOps) =>
        // `RcMap.get` makes an entry twice where the fiber yields in it, so it must not yield here.
        Effect.withMaxOpsBeforeYield(
          Effect.suspend(() => {
            if (!entries.has(key)) {
              entries.set(key, { group, make: Effect.withMaxOpsBeforeYield(make, maxOps), made: undefined })
            }
            return find(key)
          }),
          Number.MAX_SAFE_INTEGER
        )
      )

    return {
      get: (key, group, make) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const entry = entries.get(key)
          if (entry?.made !== undefined && entry.made.endsAt > now) {
            return Effect.succeed(entry.made.value)
          }
          const stale = entry?.made === undefined ? Effect.void : remove(key, entry)
          if (isClosed || (entry === undefined && entries.size >= capacity)) {
            return Effect.map(make, ({ value }) => value)
          }
          return Effect.zipRight(stale, add(key, group, make))
        }),
      invalidate: (group) =>
        Effect.suspend(() =>
          Effect.forEach(
            [...entries].filter(([, entry]) => entry.group === group),
            ([key, entry]) => remove(key, entry),
            { discard: true }
          )
        )
    }
  })
