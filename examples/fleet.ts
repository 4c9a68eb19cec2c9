/**
 * Two processes with one rate limit and one token cache: `npx tsx examples/fleet.ts [redis://127.0.0.1:6379]`.
 *
 * The first process serves a fake Clerk and starts two workers. Without a Redis, they say so and go on.
 */
import { createServer } from "node:http"

import { Command, FetchHttpClient } from "@effect/platform"
import { NodeContext, NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Console, Duration, Effect, Layer, Redacted } from "effect"
import { ClerkConfig, Sessions, SessionTokens } from "effect-clerk"
import * as ClerkRedis from "effect-clerk/ClerkRedis"
import { ClerkTest } from "effect-clerk/testing"

const [file = "", url = "redis://127.0.0.1:6379", worker] = process.argv.slice(1)

/** Twenty calls and a token. Both workers together get ten turns in a bit more than a second. */
const work = Effect.gen(function* () {
  const calls = Effect.replicateEffect(Sessions.get("sess_1"), 20, { concurrency: 5, discard: true })
  const token = Effect.asVoid(SessionTokens.get("sess_1", { template: "hasura" }))
  const [elapsed] = yield* Effect.timed(
    worker === "1" ? Effect.zipRight(token, calls) : Effect.zipRight(calls, token)
  )
  yield* Console.log(`worker ${worker}: 20 calls in ${Math.round(Duration.toSeconds(elapsed))} seconds`)
})

const WorkerLive = Layer.mergeAll(ClerkConfig.layerEnv, FetchHttpClient.layer, ClerkRedis.layer({ url }))

const fleet = Effect.gen(function* () {
  const { apiUrl, secretKey } = yield* ClerkConfig.ClerkConfig
  const start = (name: string) =>
    Command.make(process.execPath, ...process.execArgv, file, url, name).pipe(
      Command.env({ CLERK_API_URL: apiUrl, CLERK_SECRET_KEY: Redacted.value(secretKey) }),
      Command.stdout("inherit"),
      Command.stderr("inherit"),
      Command.exitCode
    )
  yield* Effect.all([start("1"), start("2")], { concurrency: 2 })
  const requests = yield* Effect.flatMap(ClerkTest.ClerkTest, (clerk) => clerk.requests)
  const minted = requests.filter(({ method }) => method === "POST").length
  yield* Console.log(`${requests.length} requests, ${minted} of them for a token`)
})

const FakeClerk = ClerkTest.layerServer({ sessions: [{ id: "sess_1" }], templates: { hasura: {} } }).pipe(
  Layer.provide(NodeHttpServer.layer(() => createServer(), { host: "127.0.0.1", port: 0 }))
)

if (worker === undefined) {
  NodeRuntime.runMain(Effect.provide(fleet, [FakeClerk, NodeContext.layer]))
} else {
  NodeRuntime.runMain(Effect.provide(work, WorkerLive))
}
