/** Whom the platform lets abort a request. */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { globalValue } from "effect/GlobalValue"

/**
 * Where `HttpClient.withScope` leaves its word for whoever sends the request. Left here directly, it costs no scope; the
 * platform has no other way.
 */
export const controllers = globalValue(
  "@effect/platform/HttpClient/scopedRequests",
  () => new WeakMap<HttpClientRequest.HttpClientRequest, AbortController>()
)
