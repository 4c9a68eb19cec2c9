/** Runs every scenario twice, by the plain way and by our operations, and compares what can be observed. */
import { deepStrictEqual } from "node:assert/strict"

import * as HttpClient from "@effect/platform/HttpClient"
import { describe, it } from "@effect/vitest"
import {
  Context,
  Duration,
  Effect,
  Exit,
  Fiber,
  FiberId,
  Layer,
  Logger,
  LogLevel,
  Redacted,
  Schedule,
  Supervisor,
  TestContext
} from "effect"
import type { Scope } from "effect"
import { ClerkConfig } from "effect-clerk"

import { secretKey, session as wireSession } from "../support/wire.js"
import * as Observe from "./observe.js"
import * as Plain from "./plain.js"
import * as Server from "./server.js"
import { ours } from "./subject.js"
import type { Subject } from "./subject.js"
import * as Transports from "./transports.js"

export type Requirements = HttpClient.HttpClient | ClerkConfig.ClerkConfig | Scope.Scope

/** What a scenario has at hand. */
export interface Stage extends Omit<Subject, "name"> {
  readonly server: Server.Server
  /** The transport's client, before the row's `client`. */
  readonly base: HttpClient.HttpClient
  /** Adds to the events of the observation. */
  readonly note: (...event: ReadonlyArray<unknown>) => Effect.Effect<void>
  /** Notes the outcome of an effect in place of failing. */
  readonly noteOutcome: <A, E, R>(what: string, self: Effect.Effect<A, E, R>) => Effect.Effect<void, never, R>
  /** Notes the reasons of an effect's cause with the fibers that interrupted it. */
  readonly noteCause: <A, E, R>(what: string, self: Effect.Effect<A, E, R>) => Effect.Effect<void, never, R>
  /** Names a fiber in the causes of the observation. */
  readonly label: (fiber: Fiber.RuntimeFiber<unknown, unknown>, name: string) => void
  /** Opened by clients that tell of the headers, see `tellingHeaders`. */
  readonly headers: Effect.Latch
  /** For whatever a row wants to hold back. */
  readonly latch: Effect.Latch
}

/** Decides on the response to a request; may wait for the row's latch. */
export type Respond = (seen: Server.Seen, latch: Effect.Latch) => Effect.Effect<Server.Reply, Server.Reset>

export interface Row {
  readonly name: string
  /** Those of `conform` unless given. */
  readonly over?: ReadonlyArray<Transports.Transport>
  /** Sockets to one origin at most. */
  readonly connections?: number
  /** One response after the other, the last one for all later requests; or a function of the request. */
  readonly respond: ReadonlyArray<Respond>
  /** Wraps the client of the transport. */
  readonly client?: (base: HttpClient.HttpClient, stage: Stage) => HttpClient.HttpClient
  /** Of an attempt; 10 seconds, as by default. */
  readonly timeout?: Duration.DurationInput
  /** Two retries without a wait, unless given. */
  readonly retry?: Schedule.Schedule<unknown>
  /** The test clock stands still until it is adjusted. The clock is live unless given. */
  readonly clock?: "test"
  /** Collects garbage before the end is observed, where the platform aborts what was not read. */
  readonly collectGarbage?: boolean
  readonly run: (stage: Stage) => Effect.Effect<unknown, unknown, Requirements>
  /** What the plain way does; fields that are left out are compared all the same. */
  readonly expect: Partial<Observe.Observation>
  /** What we do otherwise on purpose. */
  readonly differs?: { readonly why: string; readonly ours: Partial<Observe.Observation> }
}

/** How long a run may take that does not end; only a failing test reaches it. */
const patience = 10_000

/** Waits for a fiber in real time, whatever its clock. */
const awaitPatiently = (fiber: Fiber.RuntimeFiber<Exit.Exit<unknown, unknown>>) =>
  Effect.async<Exit.Exit<unknown, unknown>>((resume) => {
    const timer = setTimeout(() => resume(Effect.succeed(Exit.succeed("still running"))), patience)
    fiber.addObserver((exit) => {
      clearTimeout(timer)
      resume(Effect.succeed(Exit.flatten(exit)))
    })
  })

const inTurn =
  (responds: ReadonlyArray<Respond>, latch: Effect.Latch): Server.Respond =>
  (seen) =>
    (responds[seen.index - 1] ?? responds.at(-1) ?? hang)(seen, latch)

const observe = (
  row: Row,
  subject: Subject,
  retry: Schedule.Schedule<unknown>,
  transport: Transports.Transport,
  inFlight: number
): Effect.Effect<Observe.Observation> =>
  Effect.gen(function* () {
    const latch = yield* Effect.makeLatch()
    const start = transport === "memory" ? Server.inMemory : Server.onSocket
    const server = yield* start(inTurn(row.respond, latch))
    const clientLayer =
      transport === "memory"
        ? Layer.sync(HttpClient.HttpClient, () => server.client ?? unreachable())
        : Transports.layer(transport, row.connections)
    const base = Context.get(yield* Layer.build(clientLayer), HttpClient.HttpClient)
    const settings = yield* Layer.build(
      ClerkConfig.layer({
        apiUrl: server.url,
        secretKey: Redacted.make(secretKey),
        retry,
        ...(row.timeout === undefined ? {} : { timeout: row.timeout })
      })
    )
    const names: Observe.Names = new Map()
    const events: Array<unknown> = []
    const logs: Array<string> = []
    const note: Stage["note"] = (...event) =>
      Effect.sync(() => void events.push(event.length === 1 ? event[0] : event))
    const stage: Stage = {
      ...subject,
      server,
      base,
      note,
      noteOutcome: (what, self) =>
        Effect.flatMap(Effect.exit(self), (exit) => note(what, Observe.outcome(exit))),
      noteCause: (what, self) =>
        Effect.matchCauseEffect(self, {
          onFailure: (cause) => note(what, Observe.reasons(cause, names)),
          onSuccess: (value) => note(what, value)
        }),
      label: (fiber, name) => void names.set(FiberId.threadName(fiber.id()), name),
      headers: yield* Effect.makeLatch(),
      latch
    }
    const client = row.client?.(base, stage) ?? base
    const supervisor = yield* Supervisor.track
    let changedRefs = 0
    const program = Effect.gen(function* () {
      const before = yield* Effect.getFiberRefs
      const exit = yield* Effect.exit(Effect.scoped(row.run(stage)))
      changedRefs = Observe.changedRefs(before, yield* Effect.getFiberRefs)
      return exit
    }).pipe(
      Effect.supervised(supervisor),
      Effect.provideService(HttpClient.HttpClient, client),
      Effect.provide(settings),
      Logger.withMinimumLogLevel(LogLevel.Debug),
      Effect.provide(Logger.replace(Logger.defaultLogger, Observe.collector(logs))),
      row.clock === "test" ? Effect.provide(TestContext.TestContext) : (self) => self
    )
    const fiber = yield* Effect.forkDaemon(program)
    stage.label(fiber, "caller")
    const exit = yield* awaitPatiently(fiber)
    yield* server.settle(inFlight, row.collectGarbage === true)
    const fibers = (yield* supervisor.value).length
    const observation: Observe.Observation = {
      outcome: Observe.outcome(exit),
      requests: server.requests.map(({ method, target }) => `${method} ${target}`).toSorted(),
      aborted: server.counters.aborted,
      inFlight: server.counters.inFlight,
      logs: [...logs],
      fibers,
      changedRefs,
      events: [...events]
    }
    fiber.unsafeInterruptAsFork(FiberId.none)
    return observation
  }).pipe(Effect.scoped, Effect.orDie)

const unreachable = (): never => {
  throw new Error("no client")
}

const hold = (row: Row, transport: Transports.Transport) =>
  Effect.gen(function* () {
    const retry = row.retry ?? Schedule.recurs(2)
    const { inFlight = 0 } = row.expect
    const plain = yield* observe(row, Plain.make(retry), retry, transport, inFlight)
    deepStrictEqual({ ...plain, ...row.expect }, plain, "the plain way")
    const observed = yield* observe(row, ours, retry, transport, row.differs?.ours.inFlight ?? inFlight)
    deepStrictEqual(observed, { ...plain, ...row.differs?.ours }, "effect-clerk")
  })

/** A test for each row and transport; rows that do not say where they run do so over those given. */
export const conform = (
  about: string,
  rows: ReadonlyArray<Row>,
  over: ReadonlyArray<Transports.Transport> = Transports.everyTransport
): void => {
  for (const transport of Transports.everyTransport) {
    const here = rows.filter((row) => (row.over ?? over).includes(transport))
    if (here.length === 0) continue
    describe(`${about}, over ${transport}`, () => {
      for (const row of here) {
        const name = row.differs === undefined ? row.name : `${row.name} (differs: ${row.differs.why})`
        it.live(name, () => hold(row, transport))
      }
    })
  }
}

// Responses

/** A session with the id that the request names. */
export const session = (id: string): string => JSON.stringify({ ...wireSession, id })

/** Responds at once. */
export const respond =
  (reply: Server.Reply): Respond =>
  () =>
    Effect.succeed(reply)

/** Responds as Clerk does: with the session of the path, a new one, or a list of one. */
export const honest: Respond = ({ method, target }) => {
  const [path = "", query] = target.split("?")
  const id = path.split("/")[3] ?? "sess_new"
  const isList = method === "GET" && query !== undefined
  return Effect.succeed({ body: isList ? `[${session("sess_1")}]` : session(id) })
}

export const hang: Respond = () => Effect.never

/** Sends the headers and half of the body. */
export const hangInBody: Respond = () =>
  Effect.succeed({ body: session("sess_1").slice(0, 40), rest: Effect.never })

export const reset: Respond = () => Effect.fail(new Server.Reset())

export const resetInBody: Respond = () =>
  Effect.succeed({
    body: session("sess_1").slice(0, 40),
    rest: Effect.zipRight(Server.turn, Effect.fail(new Server.Reset()))
  })

export const failing = (status: number, code = "refused"): Respond =>
  respond({ status, body: JSON.stringify({ errors: [{ code, message: code }], clerk_trace_id: "trace_1" }) })

/** Responds when the stage's latch is open. */
export const latched =
  (respond: Respond): Respond =>
  (seen, latch) =>
    Effect.zipRight(latch.await, respond(seen, latch))

// Clients and programs

/** Waits so many seconds, growing by a factor, so many times. */
export const seconds = (base: number, factor: number, times: number): Schedule.Schedule<unknown> =>
  Schedule.intersect(Schedule.exponential(Duration.seconds(base), factor), Schedule.recurs(times))

/** Opens `headers` when the headers of a response have arrived. */
export const tellingHeaders: NonNullable<Row["client"]> = (base, { headers }) =>
  HttpClient.tap(base, () => headers.open)

/** Forks, waits and interrupts; gives the exit of the interrupted fiber. */
export const interruptAfter = <A, E, R, R2>(
  { label }: Stage,
  condition: Effect.Effect<void, never, R2>,
  self: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R | R2> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(self)
    label(fiber, "call")
    yield* condition
    return yield* yield* Fiber.interrupt(fiber)
  })

/** So many requests have arrived. */
export const arrived = ({ server }: Stage, count: number): Effect.Effect<void> =>
  server.until((counters) => counters.arrived >= count)

/** So many requests are in flight. */
export const inFlight = ({ server }: Stage, count: number): Effect.Effect<void> =>
  server.until((counters) => counters.inFlight === count)
