/** Runs an operation: from its arguments to a value, or to one of the tagged errors. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

import { ClerkConfig } from "../ClerkConfig.js"
import { type ClerkError, type CommonError, Timeout } from "../ClerkError.js"
import { Abort } from "./abort.js"
import { exchange } from "./exchange.js"
import { timeoutFail } from "./fast/timeoutFail.js"
import { ClerkRateLimiter } from "./limiter.js"
import { type Call, type Operation, timeLeft } from "./operation.js"
import { build } from "./request/build.js"
import { restrict, retry } from "./retry.js"
import * as Telemetry from "./telemetry.js"
import { withTurn } from "./turn.js"

export const call = <A, E extends ClerkError>(
  operation: Operation<A, E>
): Effect.Effect<A, E | CommonError, HttpClient.HttpClient | ClerkConfig> =>
  Effect.contextWithEffect((context: Context.Context<HttpClient.HttpClient | ClerkConfig>) => {
    const settings = Context.get(context, ClerkConfig)
    return Telemetry.observe<A, E | CommonError, never>(operation, settings, (progress) =>
      Effect.flatMap(build(operation, settings), (request) =>
        Effect.clockWith((clock) => {
          const client = Context.get(context, HttpClient.HttpClient)
          const limiter = Context.getOption(context, ClerkRateLimiter)
          const endsAt = clock.unsafeCurrentTimeMillis() + Duration.toMillis(settings.deadline)
          const call = { operation, settings, client, limiter, request, clock, endsAt, progress }
          const policy = () =>
            restrict(settings.retry, { endsAt, onRetry: Telemetry.onRetry(operation, progress) })
          return retry(withTurn(call, attempt(call)), policy)
        })
      )
    )
  })

/** Sends the request once, within the time limit of an attempt and what is left of the deadline. */
const attempt = <A, E extends ClerkError>(call: Call<A, E>): Effect.Effect<A, E | CommonError> =>
  Effect.suspend(() => {
    const { operation, progress, request, settings } = call
    const left = timeLeft(call)
    const limit = Duration.lessThan(left, settings.timeout) ? "deadline" : "timeout"
    const abort = new Abort()
    const exchanged = timeoutFail(exchange(call, abort), {
      duration: Duration.min(left, settings.timeout),
      onTimeout: () => new Timeout({ ...request.context, limit, duration: settings[limit] }),
      onAbort: () => abort.abort()
    })
    return Telemetry.observeAttempt(operation, progress, exchanged)
  })
