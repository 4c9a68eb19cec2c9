/** One process of a fleet: `node worker.mjs TASK`, with the addresses in the environment. */
import { FetchHttpClient } from "@effect/platform"
import { NodeRuntime } from "@effect/platform-node"
import { Config, Console, Duration, Effect, Layer, Redacted } from "effect"
import { ClerkConfig, Sessions, SessionTokens } from "effect-clerk"
import * as ClerkRateLimiter from "effect-clerk/ClerkRateLimiter"
import * as ClerkRedis from "effect-clerk/ClerkRedis"

const context = { operation: "Sessions.get", method: "GET", path: "/" }

const tasks: Record<
  string,
  Effect.Effect<
    unknown,
    unknown,
    | Layer.Layer.Success<typeof FetchHttpClient.layer>
    | ClerkConfig.ClerkConfig
    | ClerkRateLimiter.ClerkRateLimiter
    | SessionTokens.SessionTokens
  >
> = {
  /** Counts the turns that are given at once. */
  turns: Effect.gen(function* () {
    const limiter = yield* ClerkRateLimiter.ClerkRateLimiter
    const turn = Effect.flatMap(ClerkConfig.ClerkConfig, (settings) =>
      limiter.takeTurn(context, settings, Duration.zero)
    )
    const turns = yield* Effect.forEach(Array.from({ length: 30 }), () => Effect.either(turn), {
      concurrency: "unbounded"
    })
    return turns.filter(({ _tag }) => _tag === "Right").length
  }),
  token: Effect.map(
    SessionTokens.get("sess_1", { template: "hasura" }),
    ({ jwt }) => Redacted.value(jwt).length
  ),
  calls: Effect.gen(function* () {
    yield* Sessions.get("sess_1")
    yield* SessionTokens.get("sess_1")
    return "called"
  }),
  /** Calls, waits until the parent has ended Redis, and calls again. */
  outage: Effect.gen(function* () {
    yield* Sessions.get("sess_1")
    yield* Console.log("ready")
    yield* Effect.async<void>((resume) => {
      process.stdin.once("data", () => {
        process.stdin.destroy()
        resume(Effect.void)
      })
    })
    yield* Sessions.get("sess_1")
    yield* SessionTokens.get("sess_1")
    return "called"
  })
}

const task = tasks[process.argv[2] ?? ""] ?? Effect.dieMessage("no such task")

const FleetLive = Layer.unwrapEffect(
  Effect.gen(function* () {
    const path = yield* Config.string("REDIS_PATH")
    const storeTimeout = yield* Config.withDefault(Config.duration("STORE_TIMEOUT"), Duration.millis(250))
    return ClerkRedis.layer({ path, limit: { per: "10 minutes", storeTimeout } })
  })
).pipe(Layer.provideMerge(Layer.merge(ClerkConfig.layerEnv, FetchHttpClient.layer)))

task.pipe(
  Effect.flatMap((result) => Console.log(JSON.stringify(result))),
  Effect.provide(FleetLive),
  NodeRuntime.runMain
)
