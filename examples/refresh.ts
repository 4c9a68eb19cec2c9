/** Refreshes the token of a session. Falls back to the handshake flow if Clerk does not accept the tokens (401). */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Redacted } from "effect"
import { Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"

interface Cookies {
  readonly sessionId: string
  readonly expiredToken: Redacted.Redacted
  readonly refreshToken: Redacted.Redacted
}

/** Returns where to send the browser next: to the page with new cookies, or through the handshake. */
const resume = ({ sessionId, ...tokens }: Cookies) =>
  Sessions.refresh(sessionId, { ...tokens, requestOrigin: "https://example.com", format: "cookie" }).pipe(
    Effect.map(({ cookies }) => ({
      location: "/",
      // Values of Set-Cookie headers. They are read here only, on their way to the browser.
      setCookie: cookies.map(Redacted.value)
    })),
    Effect.catchTag("Unauthorized", ({ errors }) =>
      Effect.as(Console.log(`handshake: ${errors.map(({ code }) => code)}`), {
        location: "https://clerk.example.com/v1/client/handshake",
        setCookie: []
      })
    )
  )

const program = Effect.gen(function* () {
  const clerk = yield* ClerkTest.ClerkTest
  const { jwt: expiredToken } = yield* Sessions.createToken("sess_1")
  const refreshToken = yield* clerk.refreshToken("sess_1")

  const refreshed = yield* resume({ sessionId: "sess_1", expiredToken, refreshToken })
  yield* Console.log(`${refreshed.setCookie.length} cookies, then ${refreshed.location}`)

  yield* Sessions.revoke("sess_1")
  const handshake = yield* resume({ sessionId: "sess_1", expiredToken, refreshToken })
  yield* Console.log(`${handshake.setCookie.length} cookies, then ${handshake.location}`)
})

NodeRuntime.runMain(Effect.provide(program, ClerkTest.layer({ sessions: [{ id: "sess_1" }] })))
