/** Runs one attempt on a fiber of its own, for no longer than it may take. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { LazyArg } from "effect/Function"

/**
 * The fiber keeps what the attempt does to its `FiberRef`s from the caller. When the time is up, the attempt is
 * interrupted and not waited for; when the caller is interrupted, it is.
 */
export const within = <A, E, R, E2>(
  self: Effect.Effect<A, E, R>,
  limit: Duration.Duration,
  onTimeout: LazyArg<E2>
): Effect.Effect<A, E | E2, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.forkDaemon(Effect.interruptible(self)), (attempt) =>
      Effect.flatMap(
        Duration.isFinite(limit)
          ? Effect.forkDaemon(Effect.interruptible(Effect.sleep(limit)))
          : Effect.succeed(undefined),
        (timer) =>
          Effect.async<A, E | E2>((resume) => {
            timer?.addObserver((exit) => {
              if (Exit.isSuccess(exit)) {
                resume(Effect.failSync(onTimeout))
                attempt.unsafeInterruptAsFork(attempt.id())
              }
            })
            attempt.addObserver((exit) => {
              resume(exit)
              timer?.unsafeInterruptAsFork(timer.id())
            })
          }).pipe(
            restore,
            Effect.onInterrupt(() => {
              timer?.unsafeInterruptAsFork(timer.id())
              return Fiber.interrupt(attempt)
            })
          )
      )
    )
  )
