/**
 * `Effect.timeoutFail`, for attempts.
 *
 * The plain way is `Effect.timeoutFail(self, { duration, onTimeout })`. It runs a second fiber to wait for the time. On the
 * live clock a JavaScript timer waits here instead, which saves a third of a call's processor time over a fast transport
 * (`npm run bench`). `test/timeoutFail.test.ts` runs the same cases on both.
 *
 * One difference is on purpose. In an uninterruptible region, such as a finalizer, the plain way waits for the effect
 * whatever the time. Here the time limit holds there, too: a server that does not respond must not hang a finalizer.
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
}

export const timeoutFail = <A, E, R, E2>(
  self: Effect.Effect<A, E, R>,
  { duration, onTimeout }: Options<E2>
): Effect.Effect<A, E | E2, R> =>
  Effect.withFiberRuntime<A, E | E2, R>((parent, { runtimeFlags }) => {
    // A child of the parent is interrupted with it, also where the parent cannot be interrupted.
    const fork = RuntimeFlags.interruption(runtimeFlags) ? Effect.fork : Effect.forkDaemon
    let exit: Exit.Exit<A, E> | undefined
    // The value does not stay in the fiber, which V8 keeps longer than the value is needed.
    const attempt = Effect.map(Effect.exit(Effect.interruptible(self)), (result) => {
      exit = result
    })
    return Effect.uninterruptible(
      Effect.flatMap(fork(attempt), (fiber) =>
        Effect.flatMap(endOrTimeout(fiber, duration), (): Effect.Effect<A, E | E2> =>
          exit === undefined
            ? Effect.flatMap(Fiber.interruptAs(fiber, parent.id()), () => Effect.failSync(onTimeout))
            : Exit.isSuccess(exit)
              ? Effect.zipRight(Fiber.inheritAll(fiber), exit)
              : exit
        )
      )
    )
  })

const liveClock = Context.get(DefaultServices.liveServices, Clock.Clock)

/** JavaScript's timers go off at once when told to wait for longer; Effect's own clock then waits without end. */
const maxTimerMillis = 2 ** 31 - 1

/** Waits until the fiber has ended or the time is up, whichever comes first. */
const endOrTimeout = (fiber: Fiber.RuntimeFiber<unknown>, duration: Duration.Duration): Effect.Effect<void> =>
  Effect.clockWith((clock) =>
    clock === liveClock
      ? Effect.async<void>((resume) => {
          const millis = Duration.toMillis(duration)
          const timer = millis > maxTimerMillis ? undefined : setTimeout(() => resume(Effect.void), millis)
          fiber.addObserver(() => {
            clearTimeout(timer)
            resume(Effect.void)
          })
        })
      : Effect.flatMap(Effect.forkDaemon(Effect.interruptible(clock.sleep(duration))), (sleeper) =>
          Effect.zipRight(firstExit(fiber, sleeper), Fiber.interrupt(sleeper))
        )
  )

const firstExit = (...fibers: ReadonlyArray<Fiber.RuntimeFiber<unknown>>): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    for (const fiber of fibers) {
      fiber.addObserver(() => resume(Effect.void))
    }
  })
