import { ClerkConfig } from "effect-clerk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

/** Settings of a call with this secret key. */
export const settings = (secretKey = "sk_test_limits", apiUrl = "https://api.clerk.com") =>
  Effect.orDie(Effect.suspend(() => ClerkConfig.make({ secretKey: Redacted.make(secretKey), apiUrl })))

export const context = { operation: "Sessions.get", method: "GET", path: "/v1/sessions/sess_1" }

/**
 * A clock that a test turns by hand.
 *
 * `TestClock` waits some real milliseconds at each step, which is too slow for simulations of minutes.
 */
export const makeHandClock = (start = 1_700_000_000_000) => {
  let now = start
  let offset = 0
  // A binary heap by time. A timer that was cancelled stays until its time comes.
  const timers: Array<{ readonly at: number; wake: () => void }> = []
  const before = (left: number, right: number) =>
    (timers[left]?.at ?? Infinity) < (timers[right]?.at ?? Infinity)
  const swap = (left: number, right: number) => {
    const [one, other] = [timers[left], timers[right]]
    if (one !== undefined && other !== undefined) {
      timers[left] = other
      timers[right] = one
    }
  }
  const push = (timer: { readonly at: number; wake: () => void }) => {
    let index = timers.push(timer) - 1
    while (index > 0 && before(index, (index - 1) >> 1)) {
      swap(index, (index - 1) >> 1)
      index = (index - 1) >> 1
    }
  }
  const pop = () => {
    swap(0, timers.length - 1)
    const first = timers.pop()
    for (let index = 0; ;) {
      const child = before(2 * index + 2, 2 * index + 1) ? 2 * index + 2 : 2 * index + 1
      if (!before(child, index)) {
        return first
      }
      swap(index, child)
      index = child
    }
  }
  const clock: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => now + offset,
    unsafeCurrentTimeNanos: () => BigInt(Math.round(now * 1e6)),
    currentTimeMillis: Effect.sync(() => now + offset),
    currentTimeNanos: Effect.sync(() => BigInt(Math.round(now * 1e6))),
    sleep: (duration) =>
      Effect.async<void>((resume) => {
        const timer = { at: now + Duration.toMillis(duration), wake: () => resume(Effect.void) }
        push(timer)
        return Effect.sync(() => {
          timer.wake = () => {}
        })
      })
  }
  const settle = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
  /** Moves the time on, from one timer to the next, and lets fibers run at each. */
  const advanceTo = (until: number): Effect.Effect<void> =>
    Effect.gen(function* () {
      yield* settle
      for (;;) {
        now = Math.max(now, Math.min(until, timers[0]?.at ?? Infinity))
        if ((timers[0]?.at ?? Infinity) > now) {
          return
        }
        while ((timers[0]?.at ?? Infinity) <= now) {
          pop()?.wake()
        }
        yield* settle
      }
    })
  return {
    clock,
    start,
    now: () => now,
    advanceTo,
    /** Sets the clock on the wall forward or back. Timers do not notice. */
    setWall: (millis: number) => {
      offset = millis
    }
  }
}

/** The most of these times (sorted) that any span of `per` milliseconds holds, both ends included. */
export const mostWithin = (per: number, times: ReadonlyArray<number>): number => {
  let most = 0
  let first = 0
  for (const [index, time] of times.entries()) {
    while (time - (times[first] ?? 0) > per) {
      first += 1
    }
    most = Math.max(most, index - first + 1)
  }
  return most
}
