/** FiberRefs, services and spans, as the client and the caller see them. */
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import {
  Context,
  Differ,
  Effect,
  FiberRef,
  Option,
  RuntimeFlags,
  RuntimeFlagsPatch,
  Scheduler,
  Tracer
} from "effect"

import { conform, failing, honest } from "./harness.js"
import type { Row, Stage } from "./harness.js"

/** Lets the client look around on the fiber that sends the request. */
const looking =
  (look: (stage: Stage) => Effect.Effect<unknown>): NonNullable<Row["client"]> =>
  (base, stage) =>
    HttpClient.mapRequestEffect(base, (request) => Effect.as(look(stage), request))

const counter = FiberRef.unsafeMake(0)
const summing = FiberRef.unsafeMake(0, { join: (parent, child) => parent + child })
/** The value of a child says that it is one. */
const generation = FiberRef.unsafeMake(0, { fork: (parent) => parent + 1 })
const updates = FiberRef.unsafeMakePatch<ReadonlyArray<string>, ReadonlyArray<string>>([], {
  differ: Differ.make({
    empty: [] as ReadonlyArray<string>,
    combine: (first, second) => [...first, ...second],
    diff: (old, next) => next.slice(old.length),
    patch: (patch, old) => [...old, ...patch]
  }),
  fork: []
})

const scheduler = new Scheduler.MixedScheduler(1024)

class Greeting extends Context.Tag("test/Greeting")<Greeting, string>() {}

const noteSpan = ({ note }: Stage) =>
  Effect.matchEffect(Effect.currentSpan, {
    onSuccess: ({ name }) => note(name),
    onFailure: () => note("none")
  })

conform(
  "FiberRefs",
  [
    {
      name: "the client sees those of the caller",
      over: ["memory", "effect-clerk/undici"],
      respond: [honest],
      client: looking(({ note }) => Effect.flatMap(FiberRef.get(counter), (value) => note("sees", value))),
      run: (stage) => Effect.locally(stage.get("sess_1"), counter, 7),
      expect: { outcome: "sess_1", changedRefs: 0, events: [["sees", 7]] }
    },
    {
      name: "what the client sets is the caller's after a success",
      respond: [honest],
      client: looking(() => FiberRef.set(counter, 5)),
      run: (stage) =>
        Effect.zipRight(
          stage.get("sess_1"),
          Effect.flatMap(FiberRef.get(counter), (value) => stage.note("left", value))
        ),
      expect: { changedRefs: 1, events: [["left", 5]] }
    },
    {
      name: "what the client sets before a failure",
      respond: [failing(404)],
      client: looking(() => FiberRef.set(counter, 5)),
      run: (stage) =>
        Effect.zipRight(
          stage.noteOutcome("got", stage.get("sess_1")),
          Effect.flatMap(FiberRef.get(counter), (value) => stage.note("left", value))
        ),
      expect: {
        changedRefs: 0,
        events: [
          ["got", "fails: NotFound"],
          ["left", 0]
        ]
      }
    },
    {
      name: "what the client sets in a failed attempt is not seen by the next",
      over: ["memory", "fetch"],
      respond: [failing(503), honest],
      client: looking(({ note }) =>
        Effect.flatMap(
          FiberRef.getAndUpdate(counter, (n) => n + 1),
          (value) => note("sees", value)
        )
      ),
      run: (stage) =>
        Effect.zipRight(
          stage.get("sess_1"),
          Effect.flatMap(FiberRef.get(counter), (value) => stage.note("left", value))
        ),
      expect: {
        events: [
          ["sees", 0],
          ["sees", 0],
          ["left", 1]
        ]
      }
    },
    {
      name: "refs with a join of their own",
      over: ["memory"],
      respond: [honest],
      client: looking(() => FiberRef.update(summing, (n) => n + 10)),
      run: (stage) =>
        Effect.gen(function* () {
          yield* FiberRef.set(summing, 1)
          yield* stage.get("sess_1")
          yield* stage.note("left", yield* FiberRef.get(summing))
        }),
      expect: { events: [["left", 12]] }
    },
    {
      name: "refs with patches of their own",
      over: ["memory"],
      respond: [honest],
      client: looking(() => FiberRef.update(updates, (all) => [...all, "client"])),
      run: (stage) =>
        Effect.gen(function* () {
          yield* FiberRef.set(updates, ["caller"])
          yield* stage.get("sess_1")
          yield* stage.note("left", yield* FiberRef.get(updates))
        }),
      expect: { events: [["left", ["caller", "client"]]] }
    },
    {
      name: "refs with a fork of their own are forked",
      over: ["memory", "effect-clerk/undici"],
      respond: [honest],
      client: looking(({ note }) => Effect.flatMap(FiberRef.get(generation), (value) => note("sees", value))),
      run: (stage) =>
        Effect.gen(function* () {
          yield* FiberRef.set(generation, 10)
          yield* stage.get("sess_1")
          yield* stage.note("left", yield* FiberRef.get(generation))
        }),
      expect: {
        events: [
          ["sees", 11],
          ["left", 11]
        ]
      }
    },
    {
      name: "refs with a fork of their own are forked once, from the caller, in each attempt",
      over: ["memory"],
      respond: [failing(503), failing(503), honest],
      client: looking(({ note }) => Effect.flatMap(FiberRef.get(generation), (value) => note("sees", value))),
      run: (stage) => Effect.zipRight(FiberRef.set(generation, 10), stage.get("sess_1")),
      expect: {
        events: [
          ["sees", 11],
          ["sees", 11],
          ["sees", 11]
        ]
      }
    },
    {
      name: "the caller's locally holds within the client and not after it",
      over: ["memory"],
      respond: [honest],
      client: looking(({ note }) =>
        Effect.zipRight(
          FiberRef.update(counter, (n) => n + 1),
          Effect.flatMap(FiberRef.get(counter), (value) => note("sees", value))
        )
      ),
      run: (stage) =>
        Effect.gen(function* () {
          yield* Effect.locally(stage.get("a"), counter, 40)
          yield* stage.note("between", yield* FiberRef.get(counter))
          yield* stage.get("b")
          yield* stage.note("left", yield* FiberRef.get(counter))
        }),
      expect: {
        events: [
          ["sees", 41],
          ["between", 0],
          ["sees", 1],
          ["left", 1]
        ]
      }
    },
    {
      name: "concurrent calls each leave what their client sets",
      over: ["memory"],
      respond: [honest],
      client: looking(() => FiberRef.update(summing, (n) => n + 1)),
      run: (stage) =>
        Effect.gen(function* () {
          yield* Effect.forEach(["a", "b", "c"], stage.get, { concurrency: "unbounded" })
          yield* stage.note("left", yield* FiberRef.get(summing))
        }),
      expect: { events: [["left", 3]] }
    },
    {
      name: "a client sees the services of the caller",
      over: ["memory", "fetch"],
      respond: [honest],
      client: looking(({ note }) =>
        Effect.flatMap(Effect.serviceOption(Greeting), (greeting) => note("sees", Option.getOrNull(greeting)))
      ),
      run: (stage) => Effect.provideService(stage.get("sess_1"), Greeting, "hello"),
      expect: { events: [["sees", "hello"]] }
    },
    {
      name: "a client sees settings of the caller's fiber",
      over: ["memory"],
      respond: [honest],
      client: looking(({ note }) =>
        Effect.gen(function* () {
          yield* note("log level", (yield* FiberRef.get(FiberRef.currentMinimumLogLevel)).label)
          yield* note("concurrency", yield* FiberRef.get(FiberRef.currentConcurrency))
          yield* note("request batching", yield* FiberRef.get(FiberRef.currentRequestBatchingEnabled))
          yield* note("request cache", yield* FiberRef.get(FiberRef.currentRequestCacheEnabled))
          yield* note("tracer", yield* FiberRef.get(FiberRef.currentTracerEnabled))
          yield* note("ops", yield* FiberRef.get(FiberRef.currentMaxOpsBeforeYield))
          yield* note("priority", yield* FiberRef.get(FiberRef.currentSchedulingPriority))
          yield* note(
            "labels",
            (yield* FiberRef.get(FiberRef.currentMetricLabels)).map(({ value }) => value)
          )
          yield* note("redacted", (yield* FiberRef.get(Headers.currentRedactedNames)).length)
          yield* note("propagation", yield* FiberRef.get(HttpClient.currentTracerPropagation))
          yield* note("scheduler", (yield* FiberRef.get(FiberRef.currentScheduler)) === scheduler)
          yield* note(
            "flag",
            RuntimeFlags.isEnabled(yield* Effect.getRuntimeFlags, RuntimeFlags.OpSupervision)
          )
        })
      ),
      run: (stage) =>
        stage
          .get("sess_1")
          .pipe(
            Effect.withConcurrency(3),
            Effect.withRequestBatching(true),
            Effect.withRequestCaching(true),
            Effect.withTracerEnabled(false),
            Effect.withMaxOpsBeforeYield(512),
            Effect.withSchedulingPriority(4),
            Effect.tagMetrics("shop", "1"),
            Effect.withScheduler(scheduler),
            Effect.withRuntimeFlagsPatch(RuntimeFlagsPatch.enable(RuntimeFlags.OpSupervision)),
            Effect.locally(Headers.currentRedactedNames, ["x-shop"])
          ),
      expect: {
        changedRefs: 0,
        events: [
          ["log level", "DEBUG"],
          ["concurrency", 3],
          ["request batching", true],
          ["request cache", true],
          ["tracer", false],
          ["ops", 512],
          ["priority", 4],
          ["labels", ["1"]],
          ["redacted", 1],
          ["propagation", true],
          ["scheduler", true],
          ["flag", true]
        ]
      }
    },
    {
      name: "a client's spans are children of the caller's",
      over: ["memory"],
      respond: [honest],
      client: looking(noteSpan),
      run: (stage) => Effect.withSpan(stage.get("sess_1"), "outer"),
      expect: { events: ["outer"] }
    },
    {
      name: "with a tracer, a client's spans are children of the caller's",
      over: ["memory"],
      respond: [honest],
      client: looking(noteSpan),
      run: (stage) =>
        Effect.flatMap(Effect.tracer, (tracer) =>
          stage.get("sess_1").pipe(Effect.withSpan("outer"), Effect.withTracer(Tracer.make(tracer)))
        ),
      expect: { events: ["outer"] },
      differs: { why: "each operation has a span between them", ours: { events: ["Sessions.get"] } }
    },
    {
      name: "the caller's current span is its own after a call",
      over: ["memory"],
      respond: [honest],
      run: (stage) => Effect.zipRight(stage.get("sess_1"), noteSpan(stage)).pipe(Effect.withSpan("outer")),
      expect: { events: ["outer"] }
    },
    {
      name: "a client sees whether it can be interrupted",
      over: ["memory", "effect-clerk/undici"],
      respond: [honest],
      client: looking(({ note }) =>
        Effect.checkInterruptible((interruptible) => note("interruptible", interruptible))
      ),
      run: (stage) =>
        Effect.zipRight(
          stage.get("sess_1"),
          Effect.checkInterruptible((interruptible) => stage.note("afterwards", interruptible))
        ),
      expect: {
        events: [
          ["interruptible", true],
          ["afterwards", true]
        ]
      }
    },
    {
      name: "in an uninterruptible region, a client sees whether it can be interrupted",
      over: ["memory", "effect-clerk/undici"],
      respond: [honest],
      client: looking(({ note }) =>
        Effect.checkInterruptible((interruptible) => note("interruptible", interruptible))
      ),
      run: (stage) =>
        Effect.uninterruptible(
          Effect.zipRight(
            stage.get("sess_1"),
            Effect.checkInterruptible((interruptible) => stage.note("afterwards", interruptible))
          )
        ),
      expect: {
        events: [
          ["interruptible", false],
          ["afterwards", false]
        ]
      },
      differs: {
        why: "the attempt stays interruptible for its own timeout",
        ours: {
          events: [
            ["interruptible", true],
            ["afterwards", false]
          ]
        }
      }
    },
    {
      name: "what the client forks with Effect.fork ends with the attempt",
      over: ["memory", "effect-clerk/undici"],
      respond: [honest],
      client: looking(({ note }) =>
        Effect.fork(Effect.onInterrupt(Effect.never, () => note("child interrupted")))
      ),
      run: (stage) =>
        Effect.zipRight(stage.get("sess_1"), Effect.zipRight(Effect.yieldNow(), stage.note("afterwards"))),
      expect: { fibers: 0, events: ["child interrupted", "afterwards"] }
    },
    {
      name: "what the client forks as a daemon goes on",
      over: ["memory"],
      respond: [honest],
      client: looking((stage) => Effect.forkDaemon(Effect.zipRight(stage.latch.await, stage.note("daemon")))),
      run: (stage) =>
        Effect.gen(function* () {
          yield* stage.get("sess_1")
          yield* stage.note("afterwards")
          yield* stage.latch.open
          yield* Effect.yieldNow()
        }),
      expect: { fibers: 0, events: ["afterwards", "daemon"] }
    },
    {
      name: "what the client forks ends with the attempt although the caller makes its children daemons",
      over: ["memory"],
      respond: [honest],
      client: looking(({ note }) =>
        Effect.fork(Effect.onInterrupt(Effect.never, () => note("child interrupted")))
      ),
      run: (stage) =>
        Effect.zipRight(
          Effect.daemonChildren(stage.get("sess_1")),
          Effect.zipRight(Effect.yieldNow(), stage.note("afterwards"))
        ),
      expect: { fibers: 0, events: ["child interrupted", "afterwards"] }
    },
    {
      name: "what the client forks ends with the attempt although the caller transplants its children",
      over: ["memory"],
      respond: [honest],
      client: looking(({ note }) =>
        Effect.fork(Effect.onInterrupt(Effect.never, () => note("child interrupted")))
      ),
      run: (stage) =>
        Effect.zipRight(
          Effect.transplant((graft) => graft(stage.get("sess_1"))),
          Effect.zipRight(Effect.yieldNow(), stage.note("afterwards"))
        ),
      expect: { fibers: 0, events: ["child interrupted", "afterwards"] }
    }
  ],
  ["memory", "effect-clerk/undici"]
)
