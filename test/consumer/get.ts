/** A program with one operation, whose bundle is measured. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as ClerkConfig from "effect-clerk/ClerkConfig"
import * as Sessions from "effect-clerk/Sessions"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

const ClerkLive = ClerkConfig.layer({ secretKey: Redacted.make("sk_test_bundle") })

export const status = Effect.runPromise(
  Sessions.get("sess_1").pipe(
    Effect.map((session) => session.status),
    Effect.provide(Layer.merge(FetchHttpClient.layer, ClerkLive))
  )
)
