import { spawn } from "node:child_process"

import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Layer, Option, Redacted } from "effect"
import { ClerkConfig, ClerkError, Sessions, SessionTokens } from "effect-clerk"
import * as ClerkRateLimiter from "effect-clerk/ClerkRateLimiter"
import * as ClerkRedis from "effect-clerk/ClerkRedis"

import * as Support from "./support.js"

let worker = ""

beforeAll(async () => {
  worker = await Support.compile("test/redis/worker.ts")
}, 60_000)

const environment = Effect.gen(function* () {
  const { apiUrl, secretKey } = yield* ClerkConfig.ClerkConfig
  return { CLERK_API_URL: apiUrl, CLERK_SECRET_KEY: Redacted.value(secretKey) }
})

/** Runs a test over a Redis and a fake Clerk of its own. */
const withRedis = <A, E, R>(test: (redis: Support.Server) => Effect.Effect<A, E, R>) =>
  Effect.scoped(Effect.flatMap(Support.server, test)).pipe(Effect.provide(Support.ClerkLive))

/** The fleet's layers as another process has them. On a busy machine, Redis answers late. */
const another = (redis: Support.Server, { limit, ...options }: ClerkRedis.Options = {}) =>
  Layer.fresh(
    ClerkRedis.layer({ path: redis.path, limit: { storeTimeout: "10 seconds", ...limit }, ...options })
  )

const turn = Effect.gen(function* () {
  const limiter = yield* ClerkRateLimiter.ClerkRateLimiter
  const settings = yield* ClerkConfig.ClerkConfig
  yield* limiter.takeTurn({ operation: "Sessions.get", method: "GET", path: "/" }, settings, Duration.zero)
})

const token = (sessionId: string) =>
  Effect.map(SessionTokens.get(sessionId), ({ jwt }) => Redacted.value(jwt))

const asKey = (secretKey: string) =>
  Layer.effect(
    ClerkConfig.ClerkConfig,
    Effect.map(ClerkConfig.ClerkConfig, (settings) => ({ ...settings, secretKey: Redacted.make(secretKey) }))
  )

describe("ClerkRedis", () => {
  it.live("shares one limit between two processes", () =>
    withRedis(({ path }) =>
      Effect.gen(function* () {
        const env = { ...(yield* environment), REDIS_PATH: path, STORE_TIMEOUT: "10 seconds" }
        const ends = yield* Effect.all(
          [Support.run(worker, ["turns"], env), Support.run(worker, ["turns"], env)],
          {
            concurrency: 2
          }
        )
        assert.deepStrictEqual(
          ends.map(({ code, stderr }) => [code, stderr]),
          [
            [0, ""],
            [0, ""]
          ]
        )
        const [one, other] = ends.map(({ stdout }) => Number(stdout))
        assert.strictEqual((one ?? 0) + (other ?? 0), 10)
      })
    )
  )

  it.live("shares one token between two processes: the second mints none", () =>
    withRedis(({ path }) =>
      Effect.gen(function* () {
        const env = { ...(yield* environment), REDIS_PATH: path, STORE_TIMEOUT: "10 seconds" }
        const one = yield* Support.run(worker, ["token"], env)
        const other = yield* Support.run(worker, ["token"], env)
        assert.deepStrictEqual(one, { code: 0, stdout: one.stdout, stderr: "" })
        assert.deepStrictEqual(other, one)
        assert.strictEqual(yield* Support.requests("POST"), 1)
      })
    )
  )

  it.live("works with every quota: Redis takes whole milliseconds alone", () =>
    withRedis((redis) =>
      Effect.gen(function* () {
        const lines: Array<string> = []
        for (const quota of [1, 3, 7, 100, 900, 999, 1000, 2000, 3999, 9000]) {
          yield* Effect.provide(turn, [
            another(redis, { limit: { quota }, keyPrefix: `${quota}:` }),
            Support.recordLogs(lines)
          ])
        }
        assert.deepStrictEqual(lines, [])
      })
    )
  )

  it.live("goes on where Redis is killed midway, and comes back with it", () =>
    withRedis((redis) =>
      Effect.gen(function* () {
        const lines: Array<string> = []
        yield* Effect.gen(function* () {
          yield* turn
          yield* token("sess_1")
          yield* redis.kill
          const [elapsed] = yield* Effect.timed(
            Effect.all([turn, Sessions.get("sess_1"), token("sess_2")], { concurrency: 3 })
          )
          // 500 milliseconds by design, and more on a busy machine. With ioredis' defaults: over 10 seconds.
          assert.isBelow(Duration.toMillis(elapsed), 5000)
          yield* Effect.replicateEffect(turn, 5)
          yield* redis.start
          const isBack = Effect.sync(() => lines.some((line) => line.includes("Redis is back")))
          yield* Effect.ignore(turn).pipe(
            Effect.zipRight(Effect.delay(isBack, "20 millis")),
            Effect.repeat({ until: (back) => back })
          )
        }).pipe(
          Effect.provide([
            another(redis, { limit: { quota: 10_000, storeTimeout: "250 millis" } }),
            Support.recordLogs(lines)
          ])
        )
        const own = lines.filter((line) => line.includes("ClerkRedis"))
        assert.deepStrictEqual(
          own.map((line) => line.split(" ")[0]),
          ["WARN", "INFO"]
        )
        assert.match(
          own[0] ?? "",
          /Redis is down, requests are limited in this process alone, and each process mints its own tokens/
        )
      })
    )
  )

  it.live("ends by itself, with success and quietly, after Redis was killed", () =>
    withRedis((redis) =>
      Effect.gen(function* () {
        const env = { ...process.env, ...(yield* environment), REDIS_PATH: redis.path }
        const child = yield* Effect.acquireRelease(
          Effect.sync(() => spawn(process.execPath, [worker, "outage"], { env })),
          (child) => Effect.sync(() => child.kill("SIGKILL"))
        )
        let stdout = ""
        let stderr = ""
        child.stderr.on("data", (chunk: Buffer) => {
          stderr += chunk.toString()
        })
        yield* Effect.async<void>((resume) => {
          child.stdout.on("data", (chunk: Buffer) => {
            stdout += chunk.toString()
            if (stdout.includes("ready")) {
              resume(Effect.void)
            }
          })
          child.on("exit", () => resume(Effect.void))
        })
        yield* redis.kill
        child.stdin.end("go\n")
        const code = yield* Effect.async<number | null>((resume) => {
          child.on("close", (code) => resume(Effect.succeed(code)))
        })
        assert.strictEqual(code, 0)
        assert.strictEqual(stderr, "")
        assert.match(stdout, /"called"\n$/)
      })
    )
  )

  it.live("starts, works and ends where there is no Redis", () =>
    Effect.gen(function* () {
      const ended = yield* Support.run(worker, ["calls"], {
        ...(yield* environment),
        REDIS_PATH: "/nonexistent/redis.sock"
      })
      assert.strictEqual(ended.code, 0)
      assert.strictEqual(ended.stderr, "")
      assert.match(ended.stdout, /"called"\n$/)
      assert.strictEqual(ended.stdout.match(/Redis is down/g)?.length, 1)
    }).pipe(Effect.provide(Support.ClerkLive))
  )

  it.live("stores neither tokens nor secret keys in clear", () =>
    withRedis((redis) =>
      Effect.gen(function* () {
        const { secretKey } = yield* ClerkConfig.ClerkConfig
        const jwt = yield* Effect.provide(
          Effect.zipLeft(
            Effect.zipRight(turn, token("sess_1")),
            // A token that is passed as an id by mistake.
            Effect.flatMap(token("sess_2"), (jwt) => Effect.ignore(token(jwt)))
          ),
          another(redis, { limit: { per: "10 minutes" } })
        )
        const stored = yield* Effect.promise(() => Support.dump(redis.client))
        assert.match(stored, /effect-clerk:limit:/)
        assert.match(stored, /effect-clerk:token:/)
        assert.notMatch(stored, /eyJ|sk_/)
        for (const part of [...jwt.split("."), Redacted.value(secretKey)]) {
          assert.notInclude(stored, part)
        }
      })
    )
  )

  it.live("takes an entry that was copied to another key, or changed, for a miss", () =>
    withRedis((redis) =>
      Effect.gen(function* () {
        const keysOf = (pattern: string) => Effect.promise(() => redis.client.keys(pattern))
        const one = yield* Effect.provide(token("sess_1"), another(redis))
        const [entry = ""] = yield* keysOf("effect-clerk:token:*")
        const other = yield* Effect.provide(token("sess_2"), another(redis))
        const entries = yield* keysOf("effect-clerk:token:*")
        const copy = entries.find((key) => key !== entry) ?? ""
        assert.strictEqual(yield* Effect.provide(token("sess_2"), another(redis)), other)
        const minted = yield* Support.requests("POST")

        yield* Effect.promise(async () => {
          await redis.client.set(copy, (await redis.client.get(entry)) ?? "", "PX", 30_000)
        })
        assert.notStrictEqual(yield* Effect.provide(token("sess_2"), another(redis)), one)
        assert.strictEqual(yield* Support.requests("POST"), minted + 1)
        for (const value of ["", "zz", "00".repeat(40), "not hexadecimal"]) {
          yield* Effect.promise(() => redis.client.set(copy, value, "PX", 30_000))
          yield* Effect.provide(token("sess_2"), another(redis))
        }
        assert.strictEqual(yield* Support.requests("POST"), minted + 5)
        // Without an expiry, nobody knows how long the token is valid.
        yield* Effect.promise(() => redis.client.persist(entry))
        yield* Effect.provide(token("sess_1"), another(redis))
        assert.strictEqual(yield* Support.requests("POST"), minted + 6)
      })
    )
  )

  it.live("takes an entry of another secret key for a miss", () =>
    withRedis((redis) =>
      Effect.gen(function* () {
        yield* Effect.provide(token("sess_1"), another(redis))
        const [[entry = ""], [generation = ""]] = yield* Effect.promise(() =>
          Promise.all([
            redis.client.keys("effect-clerk:token:*"),
            redis.client.keys("effect-clerk:session:*")
          ])
        )
        // The fake Clerk refuses this key, so that a token can only come from Redis.
        const stranger = token("sess_1").pipe(
          Effect.provide(Layer.merge(another(redis), asKey("sk_test_another"))),
          ClerkConfig.withoutRetry
        )
        assert.instanceOf(yield* Effect.flip(stranger), ClerkError.Unauthorized)
        const strangers = yield* Effect.promise(() => redis.client.keys("effect-clerk:session:*"))
        const own = strangers.find((key) => key !== generation) ?? ""
        yield* Effect.promise(async () => {
          await redis.client.copy(entry, own.replace(":session:", ":token:"))
          await redis.client.copy(generation, own, "REPLACE")
          const target = entry.replace(/:[0-9a-f]{32}:/, `:${own.split(":").at(-2) ?? ""}:`)
          await redis.client.copy(entry, target)
        })
        assert.instanceOf(yield* Effect.flip(stranger), ClerkError.Unauthorized)
      })
    )
  )

  it.live("makes a session's tokens unreachable for all, even for a mint that ends later", () =>
    withRedis((redis) =>
      Effect.gen(function* () {
        const one = yield* Effect.provide(token("sess_1"), another(redis))
        assert.strictEqual(yield* Effect.provide(token("sess_1"), another(redis)), one)
        yield* Effect.provide(SessionTokens.invalidate("sess_1"), another(redis))
        assert.strictEqual(yield* Support.requests("POST"), 1)
        yield* Effect.provide(token("sess_1"), another(redis))
        assert.strictEqual(yield* Support.requests("POST"), 2)
      })
    )
  )

  it.live("gives the token where Redis refuses to store it, and no log line holds it", () =>
    withRedis((redis) =>
      Effect.gen(function* () {
        yield* Effect.promise(() => redis.client.config("SET", "maxmemory", "1"))
        const lines: Array<string> = []
        const jwt = yield* Effect.provide(token("sess_1"), [another(redis), Support.recordLogs(lines)])
        assert.match(jwt, /^eyJ/)
        assert.isTrue(lines.some((line) => line.startsWith("WARN ClerkRedis: Redis is down")))
        const { secretKey } = yield* ClerkConfig.ClerkConfig
        for (const part of [...jwt.split("."), Redacted.value(secretKey), "effect-clerk:token"]) {
          assert.notInclude(lines.join("\n"), part)
        }
      })
    )
  )

  it.live("passes the Retry-After of a 429 on to the other processes", () =>
    withRedis((redis) =>
      Effect.gen(function* () {
        const settings = yield* ClerkConfig.ClerkConfig
        yield* Effect.provide(
          Effect.flatMap(ClerkRateLimiter.ClerkRateLimiter, (limiter) =>
            limiter.holdBack(settings, Duration.minutes(1))
          ),
          another(redis)
        )
        const error = yield* Effect.flip(Effect.provide(turn, another(redis)))
        assert.strictEqual(error._tag, "RateLimited")
        if (error._tag === "RateLimited") {
          const millis = Option.match(error.retryAfter, { onNone: () => 0, onSome: Duration.toMillis })
          assert.isAbove(millis, 40_000)
          assert.isAtMost(millis, 63_000)
        }
      })
    )
  )

  it.live("closes its connection with its scope, during a request too", () =>
    withRedis((redis) =>
      Effect.gen(function* () {
        const connections = Effect.promise(async () => {
          const list = await redis.client.client("LIST")
          return String(list).trim().split("\n").length
        })
        assert.strictEqual(yield* connections, 1)
        yield* Effect.promise(() => redis.client.client("PAUSE", 500, "ALL"))
        const fiber = yield* Effect.fork(Effect.provide(token("sess_1"), another(redis)))
        yield* Effect.yieldNow()
        const exit = yield* Fiber.interrupt(fiber)
        assert.isTrue(Exit.isInterrupted(exit))
        yield* Effect.repeat(Effect.delay(connections, "10 millis"), { until: (count) => count === 1 })
      })
    )
  )

  it.live("refuses senseless options with a ConfigError that quotes nothing", () =>
    Effect.gen(function* () {
      const password = "secret-password"
      for (const [name, options] of [
        ["quota", { password, limit: { quota: 0 } }],
        ["capacity", { password, tokens: { capacity: 0 } }]
      ] as const) {
        const error = yield* Effect.flip(Effect.scoped(Layer.build(ClerkRedis.layer(options))))
        assert.match(String(error), new RegExp(name))
        assert.notInclude(String(error), password)
      }
    })
  )
})
