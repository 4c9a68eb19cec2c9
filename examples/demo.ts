import { createServer } from "node:http"

import { FetchHttpClient } from "@effect/platform"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
/**
 * All seven operations against a Clerk inside this process, over a real socket; with CLERK_SECRET_KEY set, the
 * operations that only read against the real API instead. Ends with code 0 only if everything was as expected.
 */
import type { HttpClient } from "@effect/platform/HttpClient"
import { Config, Console, Data, Duration, Effect, Layer, Option, Redacted } from "effect"
import { ClerkConfig, type ClerkError, type Session, Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"

class Unexpected extends Data.TaggedError("Unexpected")<{ readonly message: string }> {}

type Call<A> = Effect.Effect<A, ClerkError.ClerkError, HttpClient | ClerkConfig.ClerkConfig>

const row = (operation: string, outcome: string, duration: Duration.Duration) =>
  Console.log(`${operation.padEnd(32)}${outcome.padEnd(66)}${Math.round(Duration.toMillis(duration))} ms`)

/** Runs an operation that must succeed, and prints what came back. */
const succeeds = <A>(operation: string, call: Call<A>, describe: (value: A) => string) =>
  Effect.gen(function* () {
    const [duration, value] = yield* Effect.timed(call)
    yield* row(operation, describe(value), duration)
    return value
  })

/** Runs an operation that must fail with this tag, and prints how. */
const fails = <A>(operation: string, tag: ClerkError.ClerkError["_tag"], call: Call<A>) =>
  Effect.gen(function* () {
    const [duration, error] = yield* Effect.timed(
      Effect.flip(call).pipe(
        Effect.mapError(() => new Unexpected({ message: `${operation} should have failed` }))
      )
    )
    if (error._tag !== tag) {
      return yield* error
    }
    const why = "errors" in error ? error.errors.map(({ code }) => code).join() : error.message
    return yield* row(operation, `${tag}: ${why}`, duration)
  })

const describeSession = (session: Session.Session) => `${session.id} is ${session.status}`
const describeToken = ({ jwt }: Session.SessionToken) => `a token: ${jwt}`
const describeList = (sessions: ReadonlyArray<Session.Session>) =>
  sessions.length === 0 ? "none" : sessions.map(describeSession).join(", ")

const embedded = Effect.gen(function* () {
  const clerk = yield* ClerkTest.ClerkTest
  const { apiUrl } = yield* ClerkConfig.ClerkConfig
  yield* Console.log(`A Clerk inside this process, at ${apiUrl}\n`)

  const userId = yield* clerk.addUser()
  const { id } = yield* succeeds("create", Sessions.create({ userId }), describeSession)
  yield* succeeds("list", Sessions.list({ userId, status: "active" }), describeList)
  yield* succeeds("get", Sessions.get(id), describeSession)
  const token = yield* succeeds(
    "createToken",
    Sessions.createToken(id, { expiresIn: "1 minute" }),
    describeToken
  )
  yield* succeeds("createTokenFromTemplate", Sessions.createTokenFromTemplate(id, "hasura"), describeToken)
  const tokens = {
    expiredToken: token.jwt,
    refreshToken: yield* clerk.refreshToken(id),
    requestOrigin: apiUrl
  }
  yield* succeeds("refresh", Sessions.refresh(id, tokens), describeToken)
  yield* succeeds("revoke", Sessions.revoke(id), describeSession)

  yield* Console.log("")
  yield* fails("list, by a status unheard of", "ClerkErrors", Sessions.list({ userId, status: "asleep" }))
  yield* fails("get, of no session", "NotFound", Sessions.get("sess_none"))
  yield* fails("get, with another key", "Unauthorized", withKey("sk_test_another")(Sessions.get(id)))
})

const withKey = (key: string) =>
  Effect.updateService(ClerkConfig.ClerkConfig, (settings) => ({
    ...settings,
    secretKey: Redacted.make(key)
  }))

const real = Effect.gen(function* () {
  const { apiUrl } = yield* ClerkConfig.ClerkConfig
  yield* Console.log(`The real API at ${apiUrl}, because CLERK_SECRET_KEY is set: only what reads\n`)
  const [first] = yield* succeeds("list", Sessions.list({ limit: 5 }), describeList)
  if (first !== undefined) {
    yield* succeeds("get", Sessions.get(first.id), describeSession)
  }
  yield* fails("get, of no session", "NotFound", Sessions.get("sess_none"))
  yield* fails("get, with another key", "Unauthorized", withKey("sk_test_another")(Sessions.get("sess_none")))
})

const EmbeddedLive = ClerkTest.layerServer({ templates: { hasura: {} } }).pipe(
  Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
)

const program = Effect.gen(function* () {
  const secretKey = yield* Config.option(Config.redacted("CLERK_SECRET_KEY"))
  yield* Option.isSome(secretKey)
    ? Effect.provide(real, ClerkConfig.layerEnv)
    : Effect.provide(embedded, EmbeddedLive)
  yield* Console.log("\nEverything was as expected.")
})

NodeRuntime.runMain(Effect.provide(program, FetchHttpClient.layer))
