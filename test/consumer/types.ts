/** A program that uses every module of the installed package. Several compilers check its types, and it runs. */
import { FetchHttpClient, type HttpClient } from "@effect/platform"
import { Console, Duration, Effect, Layer, Option, Redacted, Schema, Stream } from "effect"
import {
  AuthenticationError,
  ClerkConfig,
  ClerkError,
  ClerkRetry,
  Session,
  SessionClaims,
  Sessions,
  SessionTokens
} from "effect-clerk"
import * as Authentication from "effect-clerk/Authentication"
import * as AuthenticationErrorModule from "effect-clerk/AuthenticationError"
import * as ConfigModule from "effect-clerk/ClerkConfig"
import * as ErrorModule from "effect-clerk/ClerkError"
import * as RetryModule from "effect-clerk/ClerkRetry"
import * as SessionModule from "effect-clerk/Session"
import * as SessionClaimsModule from "effect-clerk/SessionClaims"
import * as SessionsModule from "effect-clerk/Sessions"
import * as SessionTokensModule from "effect-clerk/SessionTokens"
import * as SessionVerifier from "effect-clerk/SessionVerifier"
import { ClerkTest } from "effect-clerk/testing"
import * as ClerkUndici from "effect-clerk/undici"

type Needs = HttpClient.HttpClient | ClerkConfig.ClerkConfig
type Refused = ClerkError.ClerkErrors | ClerkError.Unauthorized | ClerkError.CommonError

export const list: Effect.Effect<ReadonlyArray<Session.Session>, Refused, Needs> = Sessions.list({
  userId: "user_1",
  status: "active"
})
export const refresh: Effect.Effect<Session.SessionToken, Refused, Needs> = Sessions.refresh("sess_1", {
  expiredToken: Redacted.make("expired"),
  refreshToken: "refresh",
  requestOrigin: "https://example.com"
})
export const cookies: Effect.Effect<Session.SessionCookies, Refused, Needs> = Sessions.refresh("sess_1", {
  expiredToken: "expired",
  refreshToken: "refresh",
  requestOrigin: "https://example.com",
  format: "cookie"
})
export const countries: Stream.Stream<string, Refused, Needs> = Sessions.stream({ userId: "user_1" }).pipe(
  Stream.filterMap((session) => Option.flatMap(session.latestActivity, ({ country }) => country))
)
export const revoke: Effect.Effect<Session.SessionStatus, Refused, Needs> = Sessions.revoke("sess_1").pipe(
  Effect.map(({ status }) => status),
  Effect.catchTag("NotFound", () => Effect.succeed("removed")),
  ClerkConfig.withTimeout("2 seconds"),
  ClerkConfig.withRetry(ClerkRetry.schedule({ times: 1 }))
)
export const encoded: typeof ClerkError.ClerkError.Encoded = Schema.encodeSync(ClerkError.ClerkError)(
  new ClerkError.Timeout({
    operation: "Sessions.get",
    method: "GET",
    path: "/v1/sessions/a",
    duration: Duration.seconds(1)
  })
)

export const transport: Layer.Layer<HttpClient.HttpClient> = ClerkUndici.layer()

export const modules: ReadonlyArray<boolean> = [
  ConfigModule.ClerkConfig === ClerkConfig.ClerkConfig,
  ErrorModule.NotFound === ClerkError.NotFound,
  RetryModule.schedule === ClerkRetry.schedule,
  SessionModule.Session === Session.Session,
  SessionsModule.get === Sessions.get,
  SessionTokensModule.get === SessionTokens.get,
  SessionClaimsModule.fromPayload === SessionClaims.fromPayload,
  AuthenticationErrorModule.TokenMissing === AuthenticationError.TokenMissing
]

export const userId: Effect.Effect<
  string,
  AuthenticationError.AuthenticationError,
  SessionVerifier.SessionVerifier
> = SessionVerifier.verify("token").pipe(Effect.map((claims) => claims.userId))

export const middleware: typeof Authentication.Authentication = Authentication.Authentication

const refused: Effect.Effect<string, ClerkError.ClerkError> = Sessions.get("..").pipe(
  Effect.map(({ id }) => id),
  Effect.catchTag("InvalidRequest", (error) => Effect.succeed(error.message)),
  Effect.provide([
    FetchHttpClient.layer,
    Layer.orDie(ClerkConfig.layer({ secretKey: Redacted.make("sk_test_consumer") }))
  ])
)
const missing = Effect.flip(Sessions.get("sess_none")).pipe(Effect.provide(ClerkTest.layer()))

await Effect.runPromise(
  Effect.zipWith(refused, missing, (one, other) => [one, other.message]).pipe(Effect.flatMap(Console.log))
)
