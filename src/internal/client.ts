/** Prepares the caller's HTTP client for requests that carry the secret key. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberRef from "effect/FiberRef"
import { constTrue } from "effect/Function"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"

import type { Settings } from "../ClerkConfig.js"

/** A client whose requests are aborted when their scope is closed. */
export type Prepared = HttpClient.HttpClient.With<HttpClientError.HttpClientError, Scope.Scope>

/**
 * Redirects are not followed, trace context is not sent, and the client's own span is recorded only where asked for.
 *
 * Set from within the client, because only there the options are seen that `fetch` will be called with, and the request
 * as it will be sent; the fiber of the attempt keeps all of it from the caller.
 */
export const prepare = (client: HttpClient.HttpClient, { traceAttempts }: Settings): Prepared =>
  HttpClient.mapRequestEffect(client, (request) =>
    tie
      .execute(request)
      .pipe(
        Effect.ignore,
        Effect.zipRight(withoutRedirects),
        Effect.zipRight(traceAttempts ? withoutPropagation : withoutSpan),
        Effect.as(request)
      )
  )

/**
 * Aborts the request unless it succeeds, wherever it is: of its own accord the platform would leave an answer alone that
 * is in the hands of the caller's client, between its headers and its body. After a success nothing is left to abort.
 */
export const abandonable = <A, E>(self: Effect.Effect<A, E, Scope.Scope>): Effect.Effect<A, E> =>
  Effect.flatMap(Scope.make(), (scope) =>
    Effect.onError(Scope.extend(self, scope), (cause) => Scope.close(scope, Exit.failCause(cause)))
  )

/** Sends nothing, but ties a request to the scope before it fails; only `withScope` can do that. */
const tie = HttpClient.withScope(
  HttpClient.makeWith<never, never, "tied", never>(() => Effect.fail("tied"), Effect.succeed)
)

const withoutRedirects = FiberRef.update(FiberRef.currentContext, (context) =>
  Context.add(context, FetchHttpClient.RequestInit, {
    ...Option.getOrElse(Context.getOption(context, FetchHttpClient.RequestInit), () => ({})),
    redirect: "manual"
  })
)

const withoutPropagation = FiberRef.set(HttpClient.currentTracerPropagation, false)

const withoutSpan = FiberRef.set(HttpClient.currentTracerDisabledWhen, constTrue)
