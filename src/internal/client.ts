/** Sends a request through the caller's HTTP client, which must not follow redirects with the secret key in hand. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { constTrue } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

import type { Settings } from "../ClerkConfig.js"

/** Trace context is not sent to Clerk, and the client's own span is recorded only where the settings ask for it. */
export const execute = (
  client: HttpClient.HttpClient,
  request: HttpClientRequest,
  { traceAttempts }: Settings
): Effect.Effect<HttpClientResponse, HttpClientError> => {
  const response = isOfPlatform(client)
    ? HttpClient.mapRequestEffect(client, setRedirects).execute(request)
    : Effect.zipRight(setRedirects(request), client.execute(request))
  // Restores the context that `setRedirects` changes.
  return Effect.contextWithEffect((context: Context.Context<never>) =>
    Effect.provide(traceAttempts ? traced(response) : untraced(response), context)
  )
}

/**
 * The layer of an HTTP client may hold options for `fetch`, which are visible only inside the client. Elsewhere, new options
 * would replace them. A client whose `execute` may not be the platform's own is called as it is.
 */
const isOfPlatform = (client: HttpClient.HttpClient): boolean =>
  Predicate.hasProperty(client, "preprocess") &&
  Predicate.hasProperty(client, "postprocess") &&
  Predicate.hasProperty(Object.getPrototypeOf(client), HttpClient.TypeId) &&
  Object.getOwnPropertyDescriptor(client, "execute")?.value === client.execute

const setRedirects = (request: HttpClientRequest): Effect.Effect<HttpClientRequest> =>
  FiberRef.modify(FiberRef.currentContext, (context) => [
    request,
    Context.add(context, FetchHttpClient.RequestInit, {
      ...Option.getOrUndefined(Context.getOption(context, FetchHttpClient.RequestInit)),
      redirect: "manual"
    })
  ])

const untraced = Effect.locally(HttpClient.currentTracerDisabledWhen, constTrue)

/** The span gets the names of the headers only: the server may send the key back in any of them. */
const traced = <A, E>(self: Effect.Effect<A, E>) =>
  self.pipe(
    Effect.locally(HttpClient.currentTracerPropagation, false),
    Effect.locally(Headers.currentRedactedNames, [/(?:)/])
  )
