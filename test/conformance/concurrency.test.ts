/** Several calls at once: races, failures and interruptions. */
import { Effect, Exit, Fiber, Stream } from "effect"

import {
  arrived,
  conform,
  failing,
  hang,
  hangInBody,
  honest,
  inFlight,
  interruptAfter,
  latched
} from "./harness.js"
import type { Respond, Row } from "./harness.js"

/** Hangs for the id `slow`, responds to all others. */
const slowHangs: Respond = (seen, latch) => (seen.target.includes("slow") ? hang : honest)(seen, latch)

const slowHangsInBody: Respond = (seen, latch) =>
  (seen.target.includes("slow") ? hangInBody : honest)(seen, latch)

conform("interruption of several calls", [
  {
    name: "the loser of Effect.race is aborted before its headers",
    respond: [slowHangs],
    run: (stage) => Effect.race(stage.get("slow"), Effect.zipRight(arrived(stage, 1), stage.get("fast"))),
    expect: { outcome: "fast", aborted: 1, inFlight: 0 }
  },
  {
    name: "the loser of Effect.raceFirst is aborted within its body",
    respond: [slowHangsInBody],
    run: (stage) =>
      Effect.raceFirst(stage.get("slow"), Effect.zipRight(arrived(stage, 1), stage.get("fast"))),
    expect: { outcome: "fast", aborted: 1, inFlight: 0 }
  },
  {
    name: "the losers of Effect.raceAll are aborted",
    respond: [slowHangs],
    run: (stage) =>
      Effect.raceAll([
        stage.get("slow"),
        stage.get("slow2"),
        Effect.zipRight(arrived(stage, 2), stage.get("fast"))
      ]),
    expect: { outcome: "fast", aborted: 2, inFlight: 0 }
  },
  {
    name: "a race whose first call fails waits for the other",
    respond: [
      (seen, latch) => (seen.target.includes("missing") ? failing(404)(seen, latch) : honest(seen, latch))
    ],
    run: (stage) => Effect.race(stage.get("missing"), stage.get("found")),
    expect: { outcome: "found" }
  },
  {
    name: "the loser is uninterruptible: the race waits for it",
    over: ["memory", "fetch"],
    respond: [(seen, latch) => (seen.target.includes("slow") ? latched(honest) : honest)(seen, latch)],
    run: (stage) =>
      Effect.race(
        Effect.uninterruptible(Effect.tap(stage.get("slow"), () => stage.note("slow"))),
        arrived(stage, 1).pipe(
          Effect.zipRight(stage.get("fast")),
          Effect.tap(() => stage.latch.open)
        )
      ),
    expect: { outcome: "fast", aborted: 0, events: ["slow"] }
  },
  {
    name: "the first failure of Effect.all ends the others",
    respond: [
      (seen, latch) =>
        seen.target.includes("missing") ? latched(failing(404))(seen, latch) : hang(seen, latch)
    ],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkDaemon(
          Effect.exit(
            Effect.forEach(["a", "missing", "b"], (id) => stage.get(id), { concurrency: "unbounded" })
          )
        )
        yield* arrived(stage, 3)
        yield* stage.latch.open
        yield* inFlight(stage, 2)
        yield* stage.server.settle(0)
        yield* stage.note("over", fiber.unsafePoll() !== null)
      }),
    expect: { aborted: 0, inFlight: 2, events: [["over", false]] },
    differs: {
      why: "Effect.timeoutFail waits for its timeout where the fiber's children are transplanted, we abort",
      ours: { aborted: 2, inFlight: 0, fibers: 0, events: [["over", true]] }
    }
  },
  ...(["daemonChildren", "transplant"] as const).map((name): Row => ({
    name: `Effect.${name}: an interruption aborts`,
    over: ["memory", "effect-clerk/undici"],
    respond: [hang],
    run: (stage) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkDaemon(
          name === "transplant"
            ? Effect.transplant((graft) => graft(stage.get("sess_1")))
            : Effect.daemonChildren(stage.get("sess_1"))
        )
        yield* inFlight(stage, 1)
        yield* Fiber.interruptFork(fiber)
        yield* stage.server.settle(0)
        yield* stage.note("over", fiber.unsafePoll() !== null)
      }),
    expect:
      name === "transplant"
        ? { aborted: 1, inFlight: 0, events: [["over", true]] }
        : { aborted: 0, inFlight: 1, fibers: 4, events: [["over", false]] },
    ...(name === "transplant"
      ? {}
      : {
          differs: {
            why: "Effect.timeoutFail waits for its timeout where the fiber's children are daemons, we abort",
            ours: { aborted: 1, inFlight: 0, fibers: 0, events: [["over", true]] }
          }
        })
  })),
  {
    name: "Effect.forEach with a concurrency is interrupted",
    respond: [hang],
    run: (stage) =>
      interruptAfter(
        stage,
        inFlight(stage, 2),
        Effect.forEach(["a", "b", "c"], stage.get, { concurrency: 2 })
      ),
    expect: { outcome: "interrupted", aborted: 2, requests: ["GET /v1/sessions/a", "GET /v1/sessions/b"] }
  },
  {
    name: "ten calls at once",
    respond: [honest],
    run: (stage) =>
      Effect.forEach(
        Array.from({ length: 10 }, (_, index) => `sess_${index}`),
        stage.get,
        { concurrency: "unbounded" }
      ),
    expect: { outcome: Array.from({ length: 10 }, (_, index) => `sess_${index}`), aborted: 0 }
  },
  {
    name: "a stream of calls is cut short",
    over: ["memory", "effect-clerk/undici"],
    respond: [honest],
    run: (stage) => Stream.repeatEffect(stage.get("sess_1")).pipe(Stream.take(3), Stream.runCount),
    expect: { outcome: 3, aborted: 0, requests: Array<string>(3).fill("GET /v1/sessions/sess_1") }
  },
  {
    name: "Effect.cached: a call for two callers, the first of which is interrupted",
    over: ["memory", "fetch"],
    respond: [hang],
    run: (stage) =>
      Effect.gen(function* () {
        const cached = yield* Effect.cached(stage.get("sess_1"))
        const first = yield* Effect.fork(cached)
        yield* inFlight(stage, 1)
        const second = yield* Effect.fork(cached)
        yield* Effect.yieldNow()
        yield* Fiber.interrupt(first)
        yield* stage.note(Exit.isInterrupted(yield* Fiber.await(second)))
      }),
    expect: { aborted: 1, events: [true] }
  },
  {
    name: "one effect value, run several times",
    over: ["memory"],
    respond: [honest],
    run: (stage) =>
      Effect.gen(function* () {
        const call = stage.get("sess_1")
        yield* call
        yield* Effect.all([call, call], { concurrency: 2 })
        yield* Effect.repeatN(call, 1)
      }),
    expect: { requests: Array<string>(5).fill("GET /v1/sessions/sess_1") }
  }
])
