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

/**
 * The controller of one attempt. It can tell of its abort without a signal, which takes longer to make than to send a
 * request, and makes one only for who asks while the attempt runs: afterwards it is nowhere to be found.
 */
export class Controller implements AbortController {
  /** What is under way, if it would rather be told than listen. */
  underWay: { readonly abort: () => void } | undefined
  private request: HttpClientRequest | undefined
  private withSignal: AbortController | undefined

  get signal(): AbortSignal {
    return (this.withSignal ??= new AbortController()).signal
  }

  abort(): void {
    this.underWay?.abort()
    this.withSignal?.abort()
  }

  attach(request: HttpClientRequest): void {
    this.request = request
    controllers.set(request, this)
  }

  /**
   * Lets go of what belongs to the request. Weak as the map is, what is left in it would burden every
   * collection of garbage until the next major one, and so would what a controller refers to.
   */
  detach(): void {
    if (this.request !== undefined) {
      controllers.delete(this.request)
    }
    this.underWay = this.withSignal = undefined
  }
}
