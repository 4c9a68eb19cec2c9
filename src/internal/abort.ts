/** How a request is aborted that is in somebody else's hands. */
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import { globalValue } from "effect/GlobalValue"

/**
 * Where the platform looks for the controller of a request before it makes one of its own. `HttpClient.withScope` puts
 * its controllers here; to go through it would double the steps of a call.
 */
export const controllers = globalValue(
  "@effect/platform/HttpClient/scopedRequests",
  () => new WeakMap<HttpClientRequest, AbortController>()
)

/** A controller that can tell of its abort without a signal, which takes longer to make than to send a request. */
export class Controller extends AbortController {
  onAbort: (() => void) | undefined

  override abort(reason?: unknown): void {
    this.onAbort?.()
    super.abort(reason)
  }
}
