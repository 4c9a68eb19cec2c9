/** The one road that every operation takes, from its arguments to a value or one of the tagged failures. */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schedule from "effect/Schedule"

import * as ClerkConfig from "../ClerkConfig.js"
import * as ClerkError from "../ClerkError.js"
import type * as ClerkRetry from "../ClerkRetry.js"
import * as Attempt from "./attempt.js"
import * as Body from "./body.js"
import * as Client from "./client.js"
import type { Decoder } from "./codec.js"
import type { Refused } from "./refusal.js"
import * as Request from "./request.js"
import * as Telemetry from "./telemetry.js"
import * as Transport from "./transport.js"

/** What sets one operation apart from the others. */
export interface Operation<A, E> extends Request.Parts {
  readonly answer: Decoder<A>
  readonly refusal: (refused: Refused) => E
}

/** Of an error, only the beginning is of use. */
const maxErrorSize = 64 * 1024

export const call = <A, E extends ClerkError.ClerkError>(
  operation: Operation<A, E>
): Effect.Effect<A, E | ClerkError.CommonError, HttpClient.HttpClient | ClerkConfig.ClerkConfig> =>
  Effect.withFiberRuntime((fiber) =>
    Effect.uninterruptibleMask((restore) => {
      // Has both, by the type of this effect.
      const context = fiber.currentContext as Context.Context<HttpClient.HttpClient | ClerkConfig.ClerkConfig>
      const settings = Context.get(context, ClerkConfig.ClerkConfig)
      const client = Context.get(context, HttpClient.HttpClient)
      return Telemetry.observed<A, E | ClerkError.CommonError>(
        fiber,
        operation.name,
        () => Request.attributes(operation, settings),
        (progress) =>
          Either.match(Request.build(operation, settings), {
            onLeft: Effect.fail,
            onRight: (request) =>
              retried(
                attempt(operation, request, settings, client, progress, restore),
                settings.retry,
                restore
              )
          })
      )
    })
  )

const attempt = <A, E>(
  operation: Operation<A, E>,
  request: Request.Request,
  settings: ClerkConfig.Settings,
  client: HttpClient.HttpClient,
  progress: Telemetry.Progress,
  restore: Attempt.Restore
) =>
  Attempt.within(
    (controller) => {
      progress.attempts += 1
      return Effect.matchEffect(Client.execute(client, request.http, settings, controller), {
        onFailure: lost(request),
        onSuccess: (response) => {
          progress.status = response.status
          return answered(operation, request, settings, response)
        }
      })
    },
    settings.timeout,
    () => new ClerkError.Timeout({ ...request.at, duration: settings.timeout }),
    restore
  )

const answered = <A, E>(
  { answer, refusal }: Operation<A, E>,
  request: Request.Request,
  { maxResponseSize }: ClerkConfig.Settings,
  response: HttpClientResponse.HttpClientResponse
) => {
  const { status } = response
  const isSuccess = status >= 200 && status < 300
  return Effect.matchEffect(Body.read(response, isSuccess ? maxResponseSize : maxErrorSize), {
    onFailure: lost(request),
    onSuccess: (body): Effect.Effect<A, E | ClerkError.DecodeError> => {
      if (!isSuccess) {
        return Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Effect.fail(
            refusal({ ...request.at, status, headers: response.headers, body, now, scrub: request.scrub() })
          )
        )
      }
      const decoded = body.cut
        ? Either.left(`the body is longer than maxResponseSize (${maxResponseSize} bytes)`)
        : answer(body.text)
      return Either.mapLeft(decoded, (detail) => new ClerkError.DecodeError({ ...request.at, detail }))
    }
  })
}

const lost = (request: Request.Request) => (error: HttpClientError.HttpClientError) =>
  Effect.fail(
    new ClerkError.TransportError({ ...request.at, detail: Transport.detail(error, request.scrub()) })
  )

/** Repeats as the policy says, but only what is safe to repeat. */
const retried = <A, E extends ClerkError.ClerkError>(
  attempt: Effect.Effect<A, E>,
  { schedule }: ClerkRetry.ClerkRetry,
  restore: Attempt.Restore
): Effect.Effect<A, E> =>
  Effect.catchIf(attempt, ClerkError.isRetryable, (first) =>
    Effect.flatMap(Schedule.driver(schedule), (driver) => {
      const again = (error: E): Effect.Effect<A, E> =>
        Effect.matchEffect(restore(driver.next(error)), {
          onFailure: () => Effect.fail(error),
          onSuccess: () => Effect.catchIf(attempt, ClerkError.isRetryable, again)
        })
      return again(first)
    })
  )
