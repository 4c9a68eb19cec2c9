/** Holds the outcome of each operation against the table. */
import { HttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Context, Data, Duration, Effect, Exit, Layer, Redacted } from "effect"
import type { DurationInput } from "effect/Duration"

import * as Behaviours from "./behaviours.js"
import * as Secrets from "./secrets.js"
import * as Server from "./server.js"
import { configured, operations, outcomeOf, secretsFor, transports } from "./subjects.js"
import type { Operation, Transport } from "./subjects.js"
import type { Outcome, Row, Section } from "./table.js"

/** A value as text, secrets and all. */
const revealed = (value: unknown): string =>
  JSON.stringify(value, function (this: Record<string, unknown>, key, plain: unknown) {
    const original = this[key]
    return Redacted.isRedacted(original) ? Redacted.value(original) : plain
  })

const expected = (
  [, , repeatable, unrepeatable, exceptions = {}]: Row,
  operation: Operation,
  transport: Transport
): Outcome => {
  if (exceptions.elsewhere !== undefined && !operation.documents404) return exceptions.elsewhere
  const [ifRepeatable, ifNot] = (transport === "fetch" ? undefined : exceptions.undici) ?? [
    repeatable,
    unrepeatable
  ]
  return operation.repeatable ? ifRepeatable : ifNot
}

const isAboutSessions = ({ kind }: Operation) => kind !== "token" && kind !== "cookies"

const slack = Duration.seconds(4)

/** After a failure the same call fails although the server has become honest. */
class NotHealed extends Data.TaggedError("NotHealed")<{ readonly message: string }> {}

interface Stage {
  readonly transport: Transport
  readonly client: HttpClient.HttpClient
  /** A server that no request may reach. */
  readonly elsewhere: Server.FaultServer
}

/** One operation through one row: the outcome, the requests, the time, the secrets, and what is left behind. */
const holdOne = (section: Section, row: Row, operation: Operation, { client, elsewhere, transport }: Stage) =>
  Effect.gen(function* () {
    const [what, behaviour, , , exceptions] = row
    const name = `${what}, ${operation.name} over ${transport}`
    const secrets = secretsFor(name)
    const nobodyListens = behaviour === "nobody listens"
    const server = yield* Server.make(nobodyListens ? Behaviours.honest : behaviour, {
      elsewhere: elsewhere.url
    })
    const url = nobodyListens ? `http://127.0.0.1:${yield* Server.deadPort}` : server.url
    let attempts = 0
    const counting = HttpClient.tapRequest(client, () =>
      Effect.sync(() => {
        attempts++
      })
    )
    const patient: DurationInput = "10 seconds"
    const timeout: DurationInput = section.timeout ?? patient
    const call = (timeout: DurationInput) =>
      operation
        .call(secrets)
        .pipe(
          Effect.provideService(HttpClient.HttpClient, counting),
          Effect.provide(configured(url, secrets.key, { timeout }))
        )

    if (exceptions?.warm === true) {
      yield* call(patient)
      yield* server.until("the warm-up is over", ({ inFlight }) => inFlight === 0)
      yield* Server.turn
    }
    const before = server.requests.length
    attempts = 0
    // Loggers and tracers are not told which transport it was, and what is said of a session holds no secrets.
    const telling = transport === "fetch" && !(section.content === true && isAboutSessions(operation))
    const observe = telling ? Secrets.observe(call(timeout)) : Secrets.look(call(timeout))
    const [elapsed, { exit, texts }] = yield* Effect.timed(observe)
    const seen = server.requests.length - before
    // A request that is given up on a busy machine may be gone before the server has seen it.
    const requests = nobodyListens || section.timeout !== undefined ? attempts : seen

    assert.isAtMost(seen, attempts, name)
    assert.strictEqual(`${outcomeOf(exit)} x${requests}`, expected(row, operation, transport), name)
    deepStrictEqual(Secrets.found(texts.join("\n"), secrets), [], `${name}: secrets to be read`)
    const patience = Duration.sum(
      Duration.times(timeout, section.timeout === undefined ? 0 : requests),
      slack
    )
    assert.isTrue(Duration.lessThan(elapsed, patience), `${name}: took ${Duration.format(elapsed)}`)

    yield* server.until(`nothing in flight after ${name}`, ({ inFlight }) => inFlight === 0)
    // What an answer says is nothing that a connection could suffer from.
    if (nobodyListens || section.content === true) return
    server.behave(Behaviours.honest)
    yield* Server.turn
    const value = yield* Effect.mapError(
      call(patient),
      ({ message }) => new NotHealed({ message: `${name}: then an honest answer, but ${message}` })
    )
    if (section.honest === true && Exit.isSuccess(exit)) {
      assert.strictEqual(revealed(exit.value), revealed(value), name)
    }
    // One at a time was sent, so one connection is enough: another would be a socket that never came back. But after
    // each abort undici reconnects of its own accord.
    const enough = 1 + server.counters.aborted
    yield* server.until(
      `no connection left over after ${name}`,
      ({ inFlight, open }) => inFlight === 0 && open <= enough
    )
  }).pipe(Effect.scoped)

/** The sections of the table over one transport: a test for each row, with every operation that it is about. */
export const hold = (sections: ReadonlyArray<Section>, transport: Transport) => {
  for (const section of sections) {
    const about = operations.filter(({ kind }) => section.kinds?.includes(kind) ?? true)
    const title = `${section.about}, over ${transport}`
    // Those that only wait can do so together.
    const suite = section.timeout === undefined ? describe : describe.concurrent
    suite(title, () => {
      for (const row of section.rows) {
        it.scopedLive(
          row[0],
          () =>
            Effect.gen(function* () {
              const elsewhere = yield* Server.make(Behaviours.honest)
              const client = Context.get(yield* Layer.build(transports[transport]()), HttpClient.HttpClient)
              yield* Effect.forEach(
                about,
                (operation) => holdOne(section, row, operation, { transport, client, elsewhere }),
                {
                  concurrency: "unbounded",
                  discard: true
                }
              )
              assert.strictEqual(elsewhere.requests.length, 0, "requests at an address that a redirect named")
            }),
          20_000
        )
      }
    })
  }
}
