/** The error of a turn that was not given. */
import type * as Duration from "effect/Duration"
import * as Option from "effect/Option"

import * as ClerkError from "../../ClerkError.js"
import type { RequestContext } from "../limiter.js"

/** The code of the entry in `errors` that tells our own refusal from Clerk's. */
export const code = "client_rate_limit"

/** Creates the `RateLimited` of a request that was not sent. */
export const refuse = (
  { method, operation, path }: RequestContext,
  reason: string,
  retryAfter: Option.Option<Duration.Duration> = Option.none()
): ClerkError.RateLimited =>
  new ClerkError.RateLimited({
    operation,
    method,
    path,
    errors: [
      ClerkError.ErrorEntry.make({ code, message: `nothing was sent: ${reason}`, longMessage: Option.none() })
    ],
    retryAfter
  })
