/** Keeps calls going while a shared store fails, hangs or is absent. */
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"

/** Runs requests of one store. */
export interface Guard {
  /**
   * Runs a request of the store. The result is `None` where the store fails or takes longer than the timeout.
   *
   * After such a request the store counts as down: requests return `None` at once, and one request per second runs in
   * the background until one succeeds.
   */
  readonly run: <A, E>(request: Effect.Effect<A, E>) => Effect.Effect<Option.Option<A>>
}

/** The pause between two background requests while the store is down. */
export const recheckMillis = 1000

/** Creates a guard. `down` and `up` are the log lines at the start and the end of an outage. */
export const make = (options: {
  readonly timeout: Duration.Duration
  readonly down: string
  readonly up: string
}): Effect.Effect<Guard, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    let recheckAt: number | undefined

    const attempt = <A, E>(request: Effect.Effect<A, E>): Effect.Effect<Option.Option<A>> =>
      // The exit, not the failure, leaves each fiber: a fiber that fails logs its cause, and the cause of a store's
      // error can hold the command with all its arguments. `disconnect` serves a store that cannot be interrupted.
      Effect.exit(request).pipe(
        Effect.disconnect,
        Effect.interruptible,
        Effect.timeoutOption(options.timeout),
        Effect.flatMap((exit) => {
          if (Option.isSome(exit) && Exit.isSuccess(exit.value)) {
            return Effect.as(noteUp, Option.some(exit.value.value))
          }
          return Effect.as(noteDown, Option.none())
        })
      )

    const noteUp = Effect.suspend(() => {
      if (recheckAt === undefined) {
        return Effect.void
      }
      recheckAt = undefined
      return Effect.logInfo(options.up)
    })

    const noteDown = Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const isNews = recheckAt === undefined
      recheckAt = now + recheckMillis
      return isNews ? Effect.logWarning(options.down) : Effect.void
    })

    return {
      run: <A, E>(request: Effect.Effect<A, E>) =>
        Effect.flatMap(Clock.currentTimeMillis, (now): Effect.Effect<Option.Option<A>> => {
          if (recheckAt === undefined) {
            return attempt(request)
          }
          // A clock that was set back must not delay the next request for longer.
          if (now >= recheckAt || recheckAt - now > recheckMillis) {
            recheckAt = now + recheckMillis
            return Effect.as(Effect.forkIn(attempt(request), scope), Option.none())
          }
          return Effect.succeedNone
        })
    }
  })
