/** Prepares the caller's HTTP client for requests that carry the secret key. */
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

import type { Settings } from "../ClerkConfig.js"
import type * as Abort from "./abort.js"

/**
 * Redirects are not followed, trace context is not sent, and the client's own span is recorded only where asked for. The
 * controller aborts the request wherever it is: of its own accord the platform would leave an answer alone that is in
 * the hands of the caller's client, between its headers and its body.
 *
 * Set from within the client, because only there the options are seen that `fetch` will be called with, and the request
 * as it will be sent; the fiber of the attempt keeps all of it from the caller.
 */
export const execute = (
  client: HttpClient.HttpClient,
  request: HttpClientRequest,
  { traceAttempts }: Settings,
  controller: Abort.Controller
): Effect.Effect<HttpClientResponse, HttpClientError> =>
  HttpClient.mapRequestEffect(client, (request) => {
    controller.attach(request)
    return Effect.zipRight(
      traceAttempts ? traced : untraced,
      FiberRef.modify(FiberRef.currentContext, (context) => [request, withoutRedirects(context)])
    )
  }).execute(request)

const withoutRedirects = (context: Context.Context<never>): Context.Context<never> =>
  Context.add(context, FetchHttpClient.RequestInit, {
    ...Option.getOrElse(Context.getOption(context, FetchHttpClient.RequestInit), () => ({})),
    redirect: "manual"
  })

/** The span gets the names of the headers only: whatever was sent could come back in any of them. */
const traced = Effect.zipRight(
  FiberRef.set(HttpClient.currentTracerPropagation, false),
  FiberRef.set(Headers.currentRedactedNames, [/(?:)/])
)

const untraced = FiberRef.set(HttpClient.currentTracerDisabledWhen, constTrue)
