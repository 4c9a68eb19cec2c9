/** Runs one attempt on a fiber of its own, for no longer than it may take. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRefs from "effect/FiberRefs"
import type { LazyArg } from "effect/Function"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"

import * as Abort from "./abort.js"

/** Makes interruptible again what waits within an uninterruptible region. */
export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * To be run where nothing is interrupted but what is restored.
 *
 * The fiber keeps what the attempt does to its `FiberRef`s from the caller. When the time is up, the attempt is
 * interrupted and not waited for; when the caller is interrupted, it is. Unless it succeeds, its controller aborts.
 *
 * Put together by hand, as it is a good part of the cost of a call: `Effect.timeoutFail` takes twice as long. And the
 * value goes straight to the caller, because what a fiber that has waited ends with, and all that this refers to, stays in
 * memory until V8's next major collection: `Effect.async` assigns a closure to a property, and V8 allocates such closures
 * among what is old. A long list would be copied twice, and be collected late.
 */
export const within = <A, E, R, E2>(
  start: (controller: Abort.Controller) => Effect.Effect<A, E, R>,
  limit: Duration.Duration,
  onTimeout: LazyArg<E2>,
  restore: Restore
): Effect.Effect<A, E | E2, R> =>
  Effect.withFiberRuntime<A, E | E2, R>((caller, { runtimeFlags }) => {
    let attempt: Fiber.RuntimeFiber<void, E> | undefined
    let stopTimer: LazyArg<void> | undefined
    let isOver = false
    const run = Effect.async<A, E | E2>((resume) => {
      const runtime = Runtime.make({
        // Of the caller, whose environment is an `R` by the type of this effect.
        context: caller.currentContext as Context.Context<R>,
        // To fork those of the caller takes longer than all else here; the fiber may as well have the very same.
        fiberRefs: FiberRefs.empty(),
        runtimeFlags: RuntimeFlags.enable(runtimeFlags, RuntimeFlags.Interruption)
      })
      const updateRefs = () => caller.getFiberRefs()
      const fork = <B, E3>(effect: Effect.Effect<B, E3, R>) =>
        Runtime.runFork(runtime, effect, { updateRefs })
      const controller = new Abort.Controller()
      const end = (outcome: Exit.Exit<A, E>) => {
        isOver = true
        stopTimer?.()
        controller.detach()
        resume(outcome)
      }
      // The fiber is left without the value, see above.
      attempt = fork(
        Effect.flatMap(start(controller), (value) => {
          end(Exit.succeed(value))
          return Effect.void
        })
      )
      attempt.addObserver((exit) => {
        attempt = undefined
        if (Exit.isFailure(exit)) {
          controller.abort()
          end(Exit.failCause(exit.cause))
        }
      })
      if (!isOver) {
        stopTimer = schedule(Context.get(caller.currentDefaultServices, Clock.Clock), limit, fork, () => {
          isOver = true
          resume(Effect.failSync(onTimeout))
          attempt?.unsafeInterruptAsFork(attempt.id())
        })
      }
    })
    return Effect.matchCauseEffect(restore(run), {
      onSuccess: Effect.succeed,
      onFailure: (cause) => {
        if (attempt === undefined || isOver) {
          return Effect.failCause(cause)
        }
        stopTimer?.()
        return Effect.zipRight(Fiber.interrupt(attempt), Effect.failCause(cause))
      }
    })
  })

const liveClock = Context.get(DefaultServices.liveServices, Clock.Clock)

/** JavaScript's timers go off at once when told to wait for longer; Effect's own clock then waits for ever. */
const longestTimer = 2 ** 31 - 1

/** Runs the task after so long, unless what it returns is called before; on the clock's time, whichever clock it is. */
const schedule = (
  clock: Clock.Clock,
  limit: Duration.Duration,
  fork: (sleep: Effect.Effect<void>) => Fiber.RuntimeFiber<void>,
  task: LazyArg<void>
): LazyArg<void> | undefined => {
  if (clock !== liveClock) {
    const sleep = Duration.isFinite(limit) ? fork(clock.sleep(limit)) : undefined
    sleep?.addObserver((exit) => Exit.isSuccess(exit) && task())
    return () => sleep?.unsafeInterruptAsFork(sleep.id())
  }
  const millis = Duration.toMillis(limit)
  if (millis > longestTimer) {
    return undefined
  }
  // What the live clock's `sleep` does, without a fiber to do it.
  const timer = setTimeout(task, millis)
  return () => clearTimeout(timer)
}
