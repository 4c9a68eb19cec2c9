/** Runs operations against the rows of the table. */
import { HttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Context, Data, Duration, Effect, Exit, Layer, Redacted } from "effect"
import { ClerkConfig } from "effect-clerk"

import * as Config from "../support/config.js"
import * as Server from "../support/faultServer.js"
import { type Operation, operations, outcomeOf } from "../support/operations.js"
import * as Respond from "../support/respond.js"
import * as Secrets from "../support/secrets.js"
import * as Transports from "../support/transports.js"
import type { Transport } from "../support/transports.js"
import type { Outcome, Row, Section } from "./table.js"

/** JSON of a value with its secrets, to compare values: an assertion takes all redacted values for equal. */
const encode = (value: unknown): string =>
  JSON.stringify(value, function (this: Record<string, unknown>, key, plain: unknown) {
    const original = this[key]
    return Redacted.isRedacted(original) ? Redacted.value(original) : plain
  })

const expected = (
  [, , repeatable, unrepeatable, exceptions = {}]: Row,
  operation: Operation,
  transport: Transport
): Outcome => {
  if (exceptions.without404 !== undefined && !operation.documents404) return exceptions.without404
  if (exceptions.nodeHttp !== undefined && transport === "node:http") return exceptions.nodeHttp
  const [ifRepeatable, ifNot] = (transport === "fetch" ? undefined : exceptions.undecoded) ?? [
    repeatable,
    unrepeatable
  ]
  return operation.repeatable ? ifRepeatable : ifNot
}

/** A call without faults fails after one with a fault. */
class StillFails extends Data.TaggedError("StillFails")<{ readonly message: string }> {}

interface Stage {
  readonly transport: Transport
  readonly client: HttpClient.HttpClient
  /** A server that must get no request. */
  readonly elsewhere: Server.FaultServer
}

/** Runs one operation against one row, and checks its outcome, its requests, its secrets and what it leaves behind. */
const run = (section: Section, row: Row, operation: Operation, { client, elsewhere, transport }: Stage) =>
  Effect.gen(function* () {
    const [what, handler, , , exceptions] = row
    const name = `${what}, ${operation.name} over ${transport}`
    const secrets = Secrets.sample(name)
    const server = yield* Server.make(handler === "no server" ? Respond.success : handler, {
      elsewhere: elsewhere.url
    })
    const apiUrl = handler === "no server" ? `http://127.0.0.1:${yield* Server.freePort}` : server.url
    const config = Config.context({
      apiUrl,
      secretKey: Redacted.make(secrets.key),
      retry: Config.quickRetries,
      timeout: "1 minute",
      deadline: Duration.infinity
    })
    let attempts = 0
    const counting = HttpClient.tapRequest(client, () =>
      Effect.sync(() => {
        attempts++
      })
    )
    const call = operation
      .call(secrets)
      .pipe(Effect.provideService(HttpClient.HttpClient, counting), Effect.provide(config))

    if (exceptions?.warm === true) {
      yield* call
      yield* server.until("the first call has ended", ({ inFlight }) => inFlight === 0)
      yield* Server.turn
    }
    const before = server.requests.length
    attempts = 0
    const timed =
      section.timeout === undefined
        ? operation.call(secrets)
        : ClerkConfig.withTimeout(operation.call(secrets), section.timeout)
    // Loggers and tracers do not depend on the transport.
    const observe = transport === "fetch" ? Secrets.observe : Secrets.observeExit
    const { exit, texts } = yield* observe(
      timed.pipe(Effect.provideService(HttpClient.HttpClient, counting), Effect.provide(config))
    )
    const arrived = server.requests.length - before
    // On a busy machine, the timeout of an attempt may pass before its request arrives.
    const requests = handler === "no server" || section.timeout !== undefined ? attempts : arrived

    assert.isAtMost(arrived, attempts, name)
    assert.strictEqual(`${outcomeOf(exit)} x${requests}`, expected(row, operation, transport), name)
    deepStrictEqual(Secrets.found(texts.join("\n"), secrets), [], `${name}: secrets`)

    yield* server.until(`nothing in flight after ${name}`, ({ inFlight }) => inFlight === 0)
    if (handler === "no server") return
    server.handle(Respond.success)
    yield* Server.turn
    const value = yield* Effect.mapError(
      call,
      ({ message }) => new StillFails({ message: `${name}: then without a fault, but ${message}` })
    )
    if (section.sameValue === true && Exit.isSuccess(exit)) {
      assert.strictEqual(encode(exit.value), encode(value), name)
    }
    // The requests come one after another and need one connection. undici opens another after each abort.
    const enough = 1 + server.counters.aborted
    yield* server.until(
      `no more than ${enough} connections after ${name}`,
      ({ inFlight, open }) => inFlight === 0 && open <= enough
    )
  }).pipe(Effect.scoped)

/** Makes a test of each row, which runs with the operations of its section. */
export const runTable = (
  sections: ReadonlyArray<Section>,
  transport: Transport,
  subjects: ReadonlyArray<Operation> = operations
): void => {
  for (const section of sections) {
    const chosen = subjects.filter(({ kind }) => section.kinds?.includes(kind) ?? true)
    // Rows that only wait can wait together.
    const suite = section.timeout === undefined ? describe : describe.concurrent
    suite(`${section.about}, over ${transport}`, () => {
      for (const row of section.rows) {
        it.scopedLive(row[0], () =>
          Effect.gen(function* () {
            const elsewhere = yield* Server.make(Respond.success)
            const client = Context.get(yield* Layer.build(Transports.layer(transport)), HttpClient.HttpClient)
            yield* Effect.forEach(
              chosen,
              (operation) => run(section, row, operation, { transport, client, elsewhere }),
              { concurrency: "unbounded", discard: true }
            )
            assert.strictEqual(elsewhere.requests.length, 0, "requests to another server")
          })
        )
      }
    })
  }
}
