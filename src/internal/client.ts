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
import { constFalse, constTrue, flow } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

import type { Settings } from "../ClerkConfig.js"
import { type Abort, CurrentAbort } from "./abort.js"

/** Trace context is not sent to Clerk, and the client's own span is recorded only where the settings ask for it. */
export const execute = (
  client: HttpClient.HttpClient,
  request: HttpClientRequest,
  { traceAttempts }: Settings,
  abort: Abort
): Effect.Effect<HttpClientResponse, HttpClientError> => {
  const response = isOfPlatform(client)
    ? HttpClient.mapRequestEffect(client, withoutRedirects).execute(request)
    : Effect.flatMap(withoutRedirects(request), client.execute)
  return (traceAttempts ? traced(response) : untraced(response)).pipe(
    // This resets what `withoutRedirects` changes, too.
    Effect.provideService(CurrentAbort, abort)
  )
}

/**
 * The layer of an HTTP client may hold options for `fetch`, which can be seen only from within the client. From outside,
 * new options would replace them. But a client whose `execute` is not the platform's own must be called as it is.
 */
const isOfPlatform = (client: HttpClient.HttpClient): boolean =>
  Option.getOrElse(
    Option.liftThrowable(() =>
      // A proxy may throw, or give another function than the one that it stands for.
      ["execute", "preprocess", "postprocess"].every((name) => {
        const own: unknown = Object.getOwnPropertyDescriptor(client, name)?.value
        return Predicate.isFunction(own) && own === Reflect.get(client, name)
      })
    )(),
    constFalse
  ) && Object.hasOwn(Object.getPrototypeOf(client), HttpClient.TypeId)

const withoutRedirects = (request: HttpClientRequest): Effect.Effect<HttpClientRequest> =>
  FiberRef.modify(FiberRef.currentContext, (context) => [
    request,
    Context.add(context, FetchHttpClient.RequestInit, {
      ...Option.getOrUndefined(Context.getOption(context, FetchHttpClient.RequestInit)),
      redirect: "manual"
    })
  ])

const untraced = Effect.locally(HttpClient.currentTracerDisabledWhen, constTrue)

/** The span gets the names of the headers only: the server may send the key back in any of them. */
const traced = flow(
  Effect.locally(HttpClient.currentTracerPropagation, false),
  Effect.locally(Headers.currentRedactedNames, [/(?:)/])
)
