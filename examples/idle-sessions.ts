/**
 * Ends the sessions of many users that have been idle for 30 days, within a part of Clerk's quota.
 *
 * `npx tsx examples/idle-sessions.ts users.txt [--dry-run]`, one user id a line. Users that are done are written to
 * `users.txt.done`, and left out when the job is started again. Without CLERK_SECRET_KEY, it asks a fake Clerk.
 */
import { FetchHttpClient, FileSystem } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Config, Console, Data, DateTime, Effect, Layer, Option, Stream } from "effect"
import { ClerkConfig, ClerkError, Sessions } from "effect-clerk"
import * as ClerkRateLimiter from "effect-clerk/ClerkRateLimiter"
import { ClerkTest } from "effect-clerk/testing"

class JobFailed extends Data.TaggedError("JobFailed")<{ readonly message: string }> {}

/** Ends the idle sessions of one user, and returns their number. */
const endIdle = Effect.fn("endIdle")(function* (userId: string, isDryRun: boolean) {
  const limit = DateTime.subtract(yield* DateTime.now, { days: 30 })
  const idle = yield* Sessions.stream({ userId, status: "active" }).pipe(
    Stream.filter(({ lastActiveAt }) => DateTime.lessThan(lastActiveAt, limit)),
    // All of them first: a session that is revoked shifts the pages.
    Stream.runCollect
  )
  const revoke = ({ id }: { readonly id: string }) =>
    Effect.catchTag(Sessions.revoke(id), "NotFound", () => Effect.void)
  yield* Effect.forEach(isDryRun ? [] : idle, revoke, { discard: true })
  return idle.length
})

const job = Effect.fn("job")(function* (file: string, isDryRun: boolean) {
  const fs = yield* FileSystem.FileSystem
  const lines = (text: string) => text.split("\n").flatMap((line) => line.trim() || [])
  const done = new Set(lines(yield* Effect.orElseSucceed(fs.readFileString(`${file}.done`), () => "")))
  const users = lines(yield* fs.readFileString(file)).filter((user) => !done.has(user))
  const seen = { users: 0, sessions: 0, failed: 0 }
  yield* Effect.forEach(
    users,
    (user) =>
      endIdle(user, isDryRun).pipe(
        Effect.tap((count) => {
          seen.sessions += count
          return isDryRun ? Effect.void : fs.writeFileString(`${file}.done`, `${user}\n`, { flag: "a" })
        }),
        // The others go on. The next run tries this user again.
        ClerkError.catchAll((error) => {
          seen.failed += 1
          return Console.error(`${user}: ${error.message}`)
        }),
        Effect.zipRight(Effect.sync(() => progress(++seen.users, users.length, seen.sessions)))
      ),
    { concurrency: 10, discard: true }
  )
  yield* Console.log(
    `${seen.sessions} idle sessions of ${seen.users} users${isDryRun ? " (dry run)" : " ended"}`
  )
  return yield* seen.failed > 0 ? new JobFailed({ message: `${seen.failed} users failed` }) : Effect.void
})

/** Draws a bar on a terminal, and writes a line per hundred users elsewhere. */
const progress = (users: number, all: number, sessions: number) => {
  const text = `${users}/${all} users, ${sessions} idle sessions`
  if (process.stderr.isTTY) {
    const bar = "#".repeat((30 * users) / all).padEnd(30, ".")
    process.stderr.write(`\r${bar} ${text}${users === all ? "\n" : ""}`)
  } else if (users % 100 === 0 || users === all) {
    process.stderr.write(`${text}\n`)
  }
}

const FakeClerk = ClerkTest.layer({
  sessions: [
    { userId: "user_1", idleFor: "40 days" },
    { userId: "user_1", idleFor: "2 days" },
    { userId: "user_2", idleFor: "31 days" }
  ],
  sessionLifetime: "90 days",
  inactivityLifetime: "90 days"
})
const RealClerk = Layer.merge(ClerkConfig.layerEnv, FetchHttpClient.layer)
const ClerkLive = Layer.unwrapEffect(
  Effect.map(Config.option(Config.string("CLERK_SECRET_KEY")), (key) =>
    Option.isNone(key) ? FakeClerk : RealClerk
  )
)
// Half of the quota is left for the requests of users. A request waits for its turn, however long.
const LimiterLive = ClerkRateLimiter.layer({ share: 0.5, maxWait: "1 hour" })

const [file, flag] = process.argv.slice(2)

const program =
  file === undefined || (flag !== undefined && flag !== "--dry-run")
    ? new JobFailed({ message: "usage: idle-sessions.ts FILE [--dry-run]" })
    : ClerkConfig.withDeadline(job(file, flag === "--dry-run"), "1 hour")

program.pipe(Effect.provide([ClerkLive, LimiterLive, NodeContext.layer]), NodeRuntime.runMain)
