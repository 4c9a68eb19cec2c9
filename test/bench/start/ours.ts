/** The first session with this package. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { ClerkConfig, Sessions } from "effect-clerk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

import { sessionId } from "../wire.js"

export const first = (origin: string): Promise<string> =>
  Sessions.get(sessionId).pipe(
    Effect.map((session) => session.id),
    Effect.provide(
      Layer.merge(
        FetchHttpClient.layer,
        ClerkConfig.layer({ secretKey: Redacted.make("sk_test_1"), apiUrl: origin })
      )
    ),
    Effect.runPromise
  )
