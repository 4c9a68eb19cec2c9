/** The rate limiter: decisions by `@effect/experimental/RateLimiter`, waiting in a FIFO of this process. */
import * as RateLimiter from "@effect/experimental/RateLimiter"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"

import type { RateLimited } from "../../ClerkError.js"
import { clientRateLimited, type Limiter, type RequestContext } from "../limiter.js"
import { type Guard, recheckMillis } from "../store/guard.js"
import * as Instance from "../store/instance.js"
import type { Checked } from "./options.js"
import type { Window } from "./window.js"

/** Turns shared with other processes. */
export interface Shared {
  readonly store: Context.Tag.Service<RateLimiter.RateLimiterStore>
  readonly guard: Guard
}

/** The turns of one Clerk instance. */
interface Lane {
  readonly instance: Instance.Instance
  readonly window: Window
  /** Those who wait, in order. Only the first one asks the engine. */
  readonly waiting: Set<Waiter>
  /** The length and the end of the last `Retry-After`. */
  hold: { readonly millis: number; readonly until: number }
  /** When the engine gives turns again, by its last refusal. */
  opensAt: number
  /** Part of the key in memory. */
  epoch: number
  /** The key that is asked first. */
  nextKey: number
}

interface Waiter {
  readonly isFirst: Deferred.Deferred<void>
}

/** The store is down and the policy is "closed". */
interface Closed {
  readonly _tag: "Closed"
}

type Refused = Closed | RateLimited

/** The longest wait of one turn. */
interface WaitLimit {
  readonly name: "maxWait" | "deadline"
  readonly millis: number
  /** By the `Clock`. */
  readonly endsAt: number
}

/** A `Retry-After` beyond this is taken for a mistake of the server. */
const maxHoldMillis = 3_600_000

const memoryEngine = Effect.provide(RateLimiter.make, RateLimiter.layerStoreMemory)

export const make = (options: Checked, shared: Option.Option<Shared>): Effect.Effect<Limiter> =>
  Effect.gen(function* () {
    const localEngine = yield* memoryEngine
    const instanceOf = Instance.makeLookup()
    const lanes = new Map<string, Lane>()
    const maxWait = Duration.toMillis(options.maxWait)

    const laneOf = (instance: Instance.Instance): Lane => {
      let lane = lanes.get(instance.id)
      if (lane === undefined) {
        lane = {
          instance,
          window: options.window(instance.secretKey),
          waiting: new Set(),
          hold: { millis: 0, until: 0 },
          opensAt: 0,
          epoch: 0,
          nextKey: 0
        }
        lanes.set(instance.id, lane)
      }
      return lane
    }

    const askLocal = (lane: Lane): Effect.Effect<number> =>
      Effect.flatMap(
        // The store in memory never fails.
        Effect.orDie(decide(localEngine, `${lane.instance.id}.${lane.epoch}`, lane)),
        (millis) => {
          if (millis <= lane.window.length) {
            return Effect.succeed(millis)
          }
          // No refusal lasts longer than the window, unless the clock was set back. Begin a new window then.
          lane.epoch += 1
          return askLocal(lane)
        }
      )

    const askShared =
      ({ guard }: Shared, engine: RateLimiter.RateLimiter) =>
      (lane: Lane): Effect.Effect<number, Closed> =>
        Effect.flatMap(
          guard.run(Effect.flatMap(storageKey(lane.instance), (key) => decide(engine, key, lane))),
          (decision): Effect.Effect<number, Closed> => {
            if (Option.isSome(decision)) {
              return Effect.succeed(decision.value)
            }
            switch (options.onStoreDown) {
              case "local":
                return askLocal(lane)
              case "open":
                return Effect.succeed(0)
              case "closed":
                return Effect.fail({ _tag: "Closed" })
            }
          }
        )

    /** Asks for a turn: 0 where it is given, else the milliseconds until it is worth asking again. */
    const ask: (lane: Lane) => Effect.Effect<number, Closed> = Option.isNone(shared)
      ? askLocal
      : askShared(
          shared.value,
          yield* Effect.provideService(RateLimiter.make, RateLimiter.RateLimiterStore, shared.value.store)
        )

    const askUnlessHeld = (lane: Lane): Effect.Effect<number, Closed> =>
      Effect.clockWith((clock) => {
        const held = heldFor(lane, clock.unsafeCurrentTimeMillis())
        if (held > 0) {
          return Effect.succeed(held)
        }
        return Effect.map(ask(lane), (millis) => {
          lane.opensAt = millis === 0 ? 0 : clock.unsafeCurrentTimeMillis() + millis
          return millis
        })
      })

    /** The least time until a newcomer gets a turn, in milliseconds. */
    const estimate = (lane: Lane, now: number): number =>
      Math.max(0, heldFor(lane, now), lane.opensAt - now) +
      Math.floor(lane.waiting.size / (lane.window.limit * lane.window.keys)) * lane.window.length

    /** Asks until a turn is given; the caller is the first in the FIFO. */
    const askAgain = (lane: Lane, context: RequestContext, limit: WaitLimit): Effect.Effect<void, Refused> =>
      Effect.flatMap(askUnlessHeld(lane), (millis) =>
        millis === 0
          ? Effect.void
          : Effect.clockWith((clock) =>
              clock.unsafeCurrentTimeMillis() + millis > limit.endsAt
                ? Effect.fail(tooLong(context, limit, millis))
                : Effect.zipRight(clock.sleep(Duration.millis(millis)), askAgain(lane, context, limit))
            )
      )

    const wait = (
      lane: Lane,
      context: RequestContext,
      timeLeft: Duration.Duration
    ): Effect.Effect<void, Refused> =>
      Effect.clockWith((clock) => {
        const now = clock.unsafeCurrentTimeMillis()
        const left = Duration.toMillis(timeLeft)
        const limit: WaitLimit =
          left < maxWait
            ? { name: "deadline", millis: left, endsAt: now + left }
            : { name: "maxWait", millis: maxWait, endsAt: now + maxWait }
        const estimated = estimate(lane, now)
        if (estimated > limit.millis) {
          return Effect.fail(tooLong(context, limit, estimated))
        }
        return Effect.acquireUseRelease(
          Effect.sync(() => enter(lane.waiting)),
          (waiter) =>
            within(
              limit,
              Effect.zipRight(Deferred.await(waiter.isFirst), askAgain(lane, context, limit)),
              () => tooLong(context, limit, estimate(lane, limit.endsAt))
            ),
          (waiter) => Effect.sync(() => leave(lane.waiting, waiter))
        )
      })

    return {
      takeTurn: (context, settings, timeLeft) =>
        Effect.suspend(() => {
          const lane = laneOf(instanceOf(settings))
          const turn =
            lane.waiting.size > 0
              ? wait(lane, context, timeLeft)
              : Effect.flatMap(askUnlessHeld(lane), (millis) =>
                  millis === 0 ? Effect.void : wait(lane, context, timeLeft)
                )
          return Effect.catchTag(turn, "Closed", () => Effect.fail(closed(context)))
        }),
      holdBack: (settings, retryAfter) =>
        Effect.clockWith((clock) => {
          const lane = laneOf(instanceOf(settings))
          const millis = Math.ceil(Math.min(Duration.toMillis(retryAfter), maxHoldMillis))
          const until = clock.unsafeCurrentTimeMillis() + millis
          if (until <= lane.hold.until) {
            return Effect.void
          }
          lane.hold = { millis, until }
          return Option.match(shared, {
            onNone: () => Effect.void,
            onSome: ({ guard, store }) => Effect.asVoid(guard.run(holdStore(store, lane, millis)))
          })
        })
    }
  })

/** Decides about one turn: 0 where a key gives it, else the milliseconds until it is worth asking again. */
const decide = (
  engine: RateLimiter.RateLimiter,
  key: string,
  lane: Lane
): Effect.Effect<number, RateLimiter.RateLimitStoreError> => {
  const { keys, length, limit } = lane.window
  const askKey = (index: number) =>
    Effect.matchEffect(
      engine.consume({ key: keyAt(key, index % keys), limit, window: length, onExceeded: "fail" }),
      {
        onSuccess: () => Effect.succeed(0),
        onFailure: (error) =>
          error.reason === "Exceeded"
            ? Effect.succeed(Math.max(1, Math.ceil(Duration.toMillis(error.retryAfter))))
            : Effect.fail(error)
      }
    )
  const askFrom = (
    index: number,
    last: number,
    least: number
  ): Effect.Effect<number, RateLimiter.RateLimitStoreError> =>
    Effect.flatMap(askKey(index), (millis) =>
      millis === 0 || index === last
        ? Effect.succeed(Math.min(millis, least))
        : askFrom(index + 1, last, Math.min(millis, least))
    )
  const first = lane.nextKey
  lane.nextKey = (first + 1) % keys
  return keys === 1 ? askKey(0) : askFrom(first, first + keys - 1, Infinity)
}

const keyAt = (key: string, index: number): string => (index === 0 ? key : `${key}#${index}`)

/**
 * Fills the window in the store, so that other processes wait as well.
 *
 * The tokens are more than the window holds, and the limit leaves room for one such booking: a second one, from another
 * process that got the same 429, is refused. Whatever the window held before, the hold lasts two windows longer at most.
 */
const holdStore = (
  store: Shared["store"],
  { instance, window: { keys, limit, refill } }: Lane,
  millis: number
): Effect.Effect<void, RateLimiter.RateLimiterError> => {
  const tokens = Math.max(Math.ceil(millis / refill), limit + 1)
  return Effect.flatMap(storageKey(instance), (key) =>
    Effect.forEach(
      Array.from({ length: keys }, (_, index) => keyAt(key, index)),
      (key) => store.fixedWindow({ key, tokens, refillRate: Duration.millis(refill), limit: tokens + limit }),
      { discard: true }
    )
  )
}

const storageKey = (instance: Instance.Instance) =>
  Effect.map(
    Effect.promise(() => instance.storageName()),
    (name) => `effect-clerk:limit:${name}`
  )

const tooLong = (context: RequestContext, { millis, name }: WaitLimit, estimate: number): RateLimited =>
  clientRateLimited(
    context,
    `nothing was sent: no turn of the rate limiter within ${Duration.format(Duration.millis(millis))} (${name})`,
    Option.some(Duration.millis(Math.max(1, Math.ceil(estimate))))
  )

const closed = (context: RequestContext): RateLimited =>
  clientRateLimited(
    context,
    "nothing was sent: the store of the rate limiter is down",
    Option.some(Duration.millis(recheckMillis))
  )

/** Fails after the limit, in an uninterruptible region too. */
const within = <E>(
  { millis }: WaitLimit,
  turn: Effect.Effect<void, E>,
  onTimeout: () => RateLimited
): Effect.Effect<void, E | RateLimited> =>
  millis === Infinity
    ? turn
    : Effect.flatten(
        // A timeout runs `turn` in a fiber of its own, so that the region of the caller stays as it is. That fiber
        // gives its exit: a fiber that fails logs the failure.
        Effect.timeoutTo(Effect.exit(Effect.interruptible(turn)), {
          duration: Duration.millis(millis),
          onSuccess: (exit): Exit.Exit<void, E | RateLimited> => exit,
          onTimeout: () => Exit.fail(onTimeout())
        })
      )

const heldFor = ({ hold }: Lane, now: number): number => {
  const left = hold.until - now
  // More than the whole hold is left where the clock was set back. Clerk refuses again if it must.
  return left > hold.millis ? 0 : Math.max(0, left)
}

const enter = (waiting: Set<Waiter>): Waiter => {
  const waiter = { isFirst: Deferred.unsafeMake<void>(FiberId.none) }
  waiting.add(waiter)
  wakeFirst(waiting)
  return waiter
}

const leave = (waiting: Set<Waiter>, waiter: Waiter): void => {
  waiting.delete(waiter)
  wakeFirst(waiting)
}

const wakeFirst = (waiting: Set<Waiter>): void => {
  for (const { isFirst } of waiting) {
    Deferred.unsafeDone(isFirst, Effect.void)
    return
  }
}
