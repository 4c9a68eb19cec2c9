/** The same four steps with `@clerk/backend` and with `effect-clerk`, against the same Clerk. */
import { createServer } from "node:http"

import { createClerkClient, verifyToken } from "@clerk/backend"
import { isClerkAPIResponseError } from "@clerk/backend/errors"
import { FetchHttpClient } from "@effect/platform"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Console, DateTime, Effect, Layer, Redacted } from "effect"
import { ClerkConfig, Sessions } from "effect-clerk"
import * as SessionVerifier from "effect-clerk/SessionVerifier"
import { ClerkTest } from "effect-clerk/testing"

// Before. What can go wrong is not in the type, and a rate limit or a lost connection is the caller's to repeat.
const before = async (secretKey: string, apiUrl: string) => {
  const clerk = createClerkClient({ secretKey, apiUrl })
  const { data } = await clerk.sessions.getSessionList({ userId: "user_1", status: "active" })
  const lines = data.map((session) => `${session.id} until ${new Date(session.expireAt).toISOString()}`)
  try {
    await clerk.sessions.revokeSession("sess_none")
  } catch (error) {
    if (!isClerkAPIResponseError(error) || error.status !== 404) {
      throw error
    }
    lines.push(error.errors[0]?.code ?? "")
  }
  const { jwt } = await clerk.sessions.getToken("sess_1", "hasura")
  const { sub } = await verifyToken((await clerk.sessions.getToken("sess_1")).jwt, { secretKey, apiUrl })
  return [...lines, typeof jwt, sub]
}

// After. Failures are tags in the type, what may be repeated is, times are times, and tokens are redacted.
const after = Effect.gen(function* () {
  const sessions = yield* Sessions.list({ userId: "user_1", status: "active" })
  const lines = sessions.map(({ expireAt, id }) => `${id} until ${DateTime.formatIso(expireAt)}`)
  const gone = yield* Sessions.revoke("sess_none").pipe(
    Effect.as("revoked"),
    Effect.catchTag("NotFound", ({ errors }) => Effect.succeed(errors[0]?.code ?? ""))
  )
  const { jwt } = yield* Sessions.createTokenFromTemplate("sess_1", "hasura")
  const { userId } = yield* SessionVerifier.verify((yield* Sessions.createToken("sess_1")).jwt)
  return [...lines, gone, typeof Redacted.value(jwt), userId]
})

const program = Effect.gen(function* () {
  const { apiUrl, secretKey } = yield* ClerkConfig.ClerkConfig
  const old = yield* Effect.promise(() => before(Redacted.value(secretKey), apiUrl))
  yield* Console.log(`before: ${old.join(", ")}\nafter:  ${(yield* after).join(", ")}`)
})

const sessions = [{ id: "sess_1", userId: "user_1" }]
const ClerkLive = ClerkTest.layerServer({ sessions, templates: { hasura: {} } }).pipe(
  Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
)

const AllLive = SessionVerifier.layer().pipe(
  Layer.provideMerge(Layer.merge(ClerkLive, FetchHttpClient.layer))
)

NodeRuntime.runMain(Effect.provide(program, AllLive))
