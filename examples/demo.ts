/**
 * Calls all seven operations against a fake Clerk, over a real socket. With CLERK_SECRET_KEY set, it calls the operations
 * that only read against the real API instead. The exit code is 0 only if every operation does what the demo expects.
 */
import { createServer } from "node:http"

import { FetchHttpClient } from "@effect/platform"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import type { HttpClient } from "@effect/platform/HttpClient"
import { Config, Console, Data, Duration, Effect, Layer, Option, Redacted } from "effect"
import { ClerkConfig, type ClerkError, type Session, Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"

class Unexpected extends Data.TaggedError("Unexpected")<{ readonly message: string }> {}

type Call<A> = Effect.Effect<A, ClerkError.ClerkError, HttpClient | ClerkConfig.ClerkConfig>

const row = (operation: string, outcome: string, duration: Duration.Duration) =>
  Console.log(`${operation.padEnd(32)}${outcome.padEnd(66)}${Math.round(Duration.toMillis(duration))} ms`)

/** Runs an operation that must succeed, and prints its result. */
const succeeds = <A>(operation: string, call: Call<A>, describe: (value: A) => string) =>
  Effect.gen(function* () {
    const [duration, value] = yield* Effect.timed(call)
    yield* row(operation, describe(value), duration)
    return value
  })

/** Runs an operation that must fail with this tag, and prints the error. */
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

const fake = Effect.gen(function* () {
  const clerk = yield* ClerkTest.ClerkTest
  const { apiUrl } = yield* ClerkConfig.ClerkConfig
  yield* Console.log(`A fake Clerk inside this process, at ${apiUrl}\n`)

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
  yield* fails("list, of an unknown status", "ClerkErrors", Sessions.list({ userId, status: "asleep" }))
  yield* fails("get, of an unknown id", "NotFound", Sessions.get("sess_none"))
  yield* fails("get, with a wrong key", "Unauthorized", withKey("sk_test_wrong")(Sessions.get(id)))
})

const withKey = (key: string) =>
  Effect.updateService(ClerkConfig.ClerkConfig, (settings) => ({
    ...settings,
    secretKey: Redacted.make(key)
  }))

const real = Effect.gen(function* () {
  const { apiUrl } = yield* ClerkConfig.ClerkConfig
  yield* Console.log(`The real API at ${apiUrl}, because CLERK_SECRET_KEY is set; it only reads\n`)
  const [first] = yield* succeeds("list", Sessions.list({ limit: 5 }), describeList)
  if (first !== undefined) {
    yield* succeeds("get", Sessions.get(first.id), describeSession)
  }
  yield* fails("get, of an unknown id", "NotFound", Sessions.get("sess_none"))
  yield* fails("get, with a wrong key", "Unauthorized", withKey("sk_test_wrong")(Sessions.get("sess_none")))
})

const FakeLive = ClerkTest.layerServer({ templates: { hasura: {} } }).pipe(
  Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
)

const program = Effect.gen(function* () {
  const secretKey = yield* Config.option(Config.redacted("CLERK_SECRET_KEY"))
  yield* Option.isSome(secretKey)
    ? Effect.provide(real, ClerkConfig.layerEnv)
    : Effect.provide(fake, FakeLive)
  yield* Console.log("\nEverything was as expected.")
})

NodeRuntime.runMain(Effect.provide(program, FetchHttpClient.layer))
