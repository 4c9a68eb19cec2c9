/** Runs the operations against the fault server and holds each outcome against the table. */
import { FetchHttpClient, HttpClient } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import {
  Cause,
  Context,
  Data,
  Duration,
  Effect,
  Exit,
  FastCheck,
  Hash,
  Layer,
  Option,
  Redacted,
  Stream
} from "effect"
import { ClerkConfig, ClerkRetry, Sessions } from "effect-clerk"
import type { ClerkError } from "effect-clerk"
import type { DurationInput } from "effect/Duration"

import * as Behaviours from "./behaviours.js"
import type { Kind } from "./clerk.js"
import * as Secrets from "./secrets.js"
import * as Server from "./server.js"
import { table } from "./table.js"
import type { Outcome, Row, Section } from "./table.js"

export type Transport = "fetch" | "undici"

/** A fresh layer for every use: what one case does to its connections must not reach the next. */
export const transports: Record<Transport, () => Layer.Layer<HttpClient.HttpClient>> = {
  fetch: () => Layer.fresh(FetchHttpClient.layer),
  undici: () => Layer.fresh(NodeHttpClient.layerUndici)
}

export interface Operation {
  readonly name: string
  readonly kind: Kind
  readonly repeatable: boolean
  readonly documents404: boolean
  readonly call: (
    secrets: Secrets.Secrets
  ) => Effect.Effect<unknown, ClerkError.ClerkError, HttpClient.HttpClient | ClerkConfig.ClerkConfig>
}

const refreshParams = ({ key: _key, ...params }: Secrets.Secrets) => ({
  ...params,
  expiredToken: Redacted.make(params.expiredToken)
})

/** The seven operations, the two that page, and the other form of refresh. */
// oxfmt-ignore
export const operations: ReadonlyArray<Operation> = [
  { name: "list",                    kind: "list",    repeatable: true,  documents404: false, call: () => Sessions.list({ userId: "user_1" }) },
  { name: "listPage",                kind: "page",    repeatable: true,  documents404: false, call: () => Sessions.listPage({ userId: "user_1" }) },
  { name: "stream",                  kind: "page",    repeatable: true,  documents404: false, call: () => Stream.runCollect(Sessions.stream({ userId: "user_1" })) },
  { name: "create",                  kind: "session", repeatable: false, documents404: true,  call: () => Sessions.create({ userId: "user_1" }) },
  { name: "get",                     kind: "session", repeatable: true,  documents404: true,  call: () => Sessions.get("sess_1") },
  { name: "revoke",                  kind: "session", repeatable: true,  documents404: true,  call: () => Sessions.revoke("sess_1") },
  { name: "refresh",                 kind: "token",   repeatable: false, documents404: false, call: (secrets) => Sessions.refresh("sess_1", refreshParams(secrets)) },
  { name: "refresh to cookies",      kind: "cookies", repeatable: false, documents404: false, call: (secrets) => Sessions.refresh("sess_1", { ...refreshParams(secrets), format: "cookie" }) },
  { name: "createToken",             kind: "token",   repeatable: true,  documents404: true,  call: () => Sessions.createToken("sess_1", { expiresIn: "1 minute" }) },
  { name: "createTokenFromTemplate", kind: "token",   repeatable: true,  documents404: true,  call: () => Sessions.createTokenFromTemplate("sess_1", "hasura") }
]

/** Three attempts at most, with hardly any delay between them. */
export const impatient = ClerkRetry.make({ times: 2, base: "1 millis", cap: "2 millis" })

export const settings = (
  url: string,
  key: string,
  options: Partial<ClerkConfig.Options> = {}
): Layer.Layer<ClerkConfig.ClerkConfig> =>
  Layer.orDie(ClerkConfig.layer({ apiUrl: url, secretKey: Redacted.make(key), retry: impatient, ...options }))

const samples = FastCheck.sample(Secrets.arbitrary, { numRuns: 64, seed: 4 })

/** Secrets that are random to the code and the same in every run of a case. */
export const secretsFor = (name: string): Secrets.Secrets => {
  const secrets = samples[Math.abs(Hash.string(name)) % samples.length]
  if (secrets === undefined) throw new Error("no samples")
  return secrets
}

export const outcomeOf = (exit: Exit.Exit<unknown, ClerkError.ClerkError>): string =>
  Exit.match(exit, {
    onSuccess: () => "value",
    onFailure: (cause) =>
      Option.match(Cause.failureOption(cause), {
        onNone: () => `no failure of ours, but ${Cause.pretty(cause)}`,
        onSome: (error) => error._tag
      })
  })

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
  const [ifRepeatable, ifNot] = (transport === "undici" ? exceptions.undici : undefined) ?? [
    repeatable,
    unrepeatable
  ]
  return operation.repeatable ? ifRepeatable : ifNot
}

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
const hold = (section: Section, row: Row, operation: Operation, { client, elsewhere, transport }: Stage) =>
  Effect.gen(function* () {
    const [what, behaviour, , , exceptions] = row
    const name = `${what}, ${operation.name} over ${transport}`
    const secrets = secretsFor(name)
    const timeout: DurationInput = section.timeout ?? "10 seconds"
    const nobodyListens = behaviour === "nobody listens"
    const server = yield* Server.make(nobodyListens ? Behaviours.honest : behaviour, elsewhere.url)
    const url = nobodyListens ? `http://127.0.0.1:${yield* Server.deadPort}` : server.url
    let attempts = 0
    const counting = HttpClient.tapRequest(client, () =>
      Effect.sync(() => {
        attempts++
      })
    )
    const call = operation
      .call(secrets)
      .pipe(
        Effect.provideService(HttpClient.HttpClient, counting),
        Effect.provide(settings(url, secrets.key, { timeout }))
      )

    if (exceptions?.warm === true) {
      yield* call
      yield* server.until("the warm-up is over", ({ inFlight }) => inFlight === 0)
      yield* Server.turn
    }
    const before = server.requests.length
    attempts = 0
    const [elapsed, { exit, texts }] = yield* Effect.timed(Secrets.observe(call))
    const requests = nobodyListens ? attempts : server.requests.length - before

    assert.strictEqual(`${outcomeOf(exit)} x${requests}`, expected(row, operation, transport), name)
    deepStrictEqual(Secrets.found(texts.join("\n"), secrets), [], `${name}: secrets to be read`)
    const patience = Duration.sum(
      Duration.times(timeout, section.timeout === undefined ? 0 : requests),
      slack
    )
    assert.isTrue(Duration.lessThan(elapsed, patience), `${name}: took ${Duration.format(elapsed)}`)

    yield* server.until(`nothing in flight after ${name}`, ({ inFlight }) => inFlight === 0)
    if (nobodyListens) return
    server.behave(Behaviours.honest)
    yield* Server.turn
    const value = yield* Effect.mapError(
      call,
      ({ message }) => new NotHealed({ message: `${name}: then an honest answer, but ${message}` })
    )
    if (section.honest === true && Exit.isSuccess(exit)) {
      assert.strictEqual(revealed(exit.value), revealed(value), name)
    }
    // One at a time was sent, so one connection is enough: another would be a socket that never came back. But after
    // an abort undici reconnects of its own accord.
    const enough = server.counters.aborted > 0 ? 2 : 1
    yield* server.until(
      `no connection left over after ${name}`,
      ({ inFlight, open }) => inFlight === 0 && open <= enough
    )
  }).pipe(Effect.scoped)

/** The whole table over one transport: a test for each row, with every operation that it is about. */
export const holdTable = (transport: Transport) => {
  for (const section of table) {
    const about = operations.filter(({ kind }) => section.kinds?.includes(kind) ?? true)
    describe(`${section.about}, over ${transport}`, () => {
      for (const row of section.rows) {
        it.scopedLive(
          row[0],
          () =>
            Effect.gen(function* () {
              const elsewhere = yield* Server.make(Behaviours.honest)
              const client = Context.get(yield* Layer.build(transports[transport]()), HttpClient.HttpClient)
              yield* Effect.forEach(
                about,
                (operation) => hold(section, row, operation, { transport, client, elsewhere }),
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
