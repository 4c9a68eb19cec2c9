/**
 * `Effect.timeoutFail`, for attempts.
 *
 * The plain way is `Effect.timeoutFail(self, { duration, onTimeout })`. It runs a second fiber to wait for the time. On the
 * live clock a JavaScript timer waits here instead, which saves a fifth of a call's processor time over a fast transport
 * (`npm run bench`). `test/timeoutFail.test.ts` runs the same cases on both.
 *
 * Two differences are on purpose, each a row of `test/conformance`. In an uninterruptible region, such as a finalizer, the
 * plain way waits for the effect whatever the time. Here the time limit holds there, too: a server that does not respond
 * must not hang a finalizer. And where the fiber's children belong to another scope, as within `Effect.all`, the plain way
 * hears of an interruption only when the time is up.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { LazyArg } from "effect/Function"
import * as RuntimeFlags from "effect/RuntimeFlags"

interface Options<E> {
  readonly duration: Duration.Duration
  readonly onTimeout: LazyArg<E>
  /** Runs before the effect is interrupted, and ends what cannot be interrupted. */
  readonly onAbort: LazyArg<void>
}

export const timeoutFail = <A, E, R, E2>(
  self: Effect.Effect<A, E, R>,
  { duration, onAbort, onTimeout }: Options<E2>
): Effect.Effect<A, E | E2, R> =>
  Effect.withFiberRuntime<A, E | E2, R>((parent, { runtimeFlags }) =>
    Effect.uninterruptibleMask((restore) => {
      let exit: Exit.Exit<A, E> | undefined
      // V8 keeps the closures of Effect's masks longer than they are needed: the value must not stay in one, nor in the fiber.
      const takeExit = () => {
        const taken = exit
        exit = undefined
        return taken
      }
      const attempt = Effect.matchCause(Effect.interruptible(self), {
        onFailure: (cause) => {
          exit = Exit.failCause(cause)
        },
        onSuccess: (value) => {
          exit = Exit.succeed(value)
        }
      })
      // A child is interrupted with its parent, even while the parent is in an uninterruptible region.
      const fork = RuntimeFlags.interruption(runtimeFlags) ? Effect.fork : Effect.forkDaemon
      return Effect.flatMap(fork(attempt), (fiber) => {
        const interrupt = Effect.suspend(() => {
          onAbort()
          return Fiber.interruptAs(fiber, parent.id())
        })
        return Effect.matchCauseEffect(restore(endOrTimeout(parent, fiber, duration)), {
          // The plain way does not hear of the interruption where the children of a fiber are not its own (`Effect.all`).
          onFailure: (cause) =>
            Effect.flatMap(interrupt, () => {
              const exit = takeExit()
              // The effect's own cause holds the interruption, and what went wrong while it ended.
              return exit !== undefined && Exit.isFailure(exit) ? exit : Effect.failCause(cause)
            }),
          onSuccess: (): Effect.Effect<A, E | E2> => {
            const exit = takeExit()
            if (exit === undefined) {
              return Effect.zipRight(interrupt, Effect.failSync(onTimeout))
            }
            return Exit.isSuccess(exit) ? Effect.zipRight(Fiber.inheritAll(fiber), exit) : exit
          }
        })
      })
    })
  )

const liveClock = Context.get(DefaultServices.liveServices, Clock.Clock)

/** JavaScript's timers go off at once when told to wait for longer; Effect's own clock then waits without end. */
const maxTimerMillis = 2 ** 31 - 1

/** Waits until the fiber has ended or the time is up, whichever comes first. */
const endOrTimeout = (
  parent: Fiber.RuntimeFiber<unknown, unknown>,
  fiber: Fiber.RuntimeFiber<unknown>,
  duration: Duration.Duration
): Effect.Effect<void> => {
  const clock = Context.get(parent.currentDefaultServices, Clock.Clock)
  return clock === liveClock
    ? Effect.async<void>((resume) => {
        const millis = Duration.toMillis(duration)
        const timer = millis > maxTimerMillis ? undefined : setTimeout(() => resume(Effect.void), millis)
        // The fiber ends after an interruption, too, and takes the timer with it.
        fiber.addObserver(() => {
          clearTimeout(timer)
          resume(Effect.void)
        })
      })
    : Effect.flatMap(Effect.forkDaemon(Effect.interruptible(clock.sleep(duration))), (sleeper) =>
        Effect.ensuring(firstExit(fiber, sleeper), Fiber.interrupt(sleeper))
      )
}

const firstExit = (...fibers: ReadonlyArray<Fiber.RuntimeFiber<unknown>>): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    for (const fiber of fibers) {
      fiber.addObserver(() => resume(Effect.void))
    }
  })
