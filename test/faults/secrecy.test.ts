import { HttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, FastCheck, Layer, Metric } from "effect"
import { ClerkError } from "effect-clerk"
import type { ClerkConfig } from "effect-clerk"

import * as B from "./behaviours.js"
import { forAll } from "./property.js"
import * as Secrets from "./secrets.js"
import * as Server from "./server.js"
import { configured, operations, transports } from "./subjects.js"
import { table } from "./table.js"

/** The rows whose answers hold secrets, and an honest answer, which holds some, too. */
const telling: ReadonlyArray<readonly [string, Server.Behaviour]> = [
  ["an honest answer", B.honest],
  ...table
    .filter(({ about }) => about === "the request handed back")
    .flatMap(({ rows }) =>
      rows.flatMap(([what, behaviour]) =>
        behaviour === "nobody listens" ? [] : [[what, behaviour] as const]
      )
    )
]

const cases = FastCheck.tuple(
  Secrets.arbitrary,
  FastCheck.constantFrom(...telling),
  FastCheck.constantFrom(...operations)
)

/** Runs the cases over real sockets, and looks for the secrets in whatever can be read afterwards. */
const secretsStay = (numRuns: number, options: Partial<ClerkConfig.Options>) =>
  Effect.gen(function* () {
    const server = yield* Server.make(B.honest)
    const client = Context.get(yield* Layer.build(transports.fetch()), HttpClient.HttpClient)
    yield* forAll(cases, numRuns, ([secrets, [what, behaviour], operation]) =>
      Effect.gen(function* () {
        server.behave(behaviour)
        const { texts } = yield* Secrets.observe(
          operation
            .call(secrets)
            .pipe(
              Effect.provideService(HttpClient.HttpClient, client),
              Effect.provide(configured(server.url, secrets.key, options))
            )
        )
        assert.isAbove(texts.length, 8)
        const tags = Metric.unsafeSnapshot().flatMap(({ metricKey }) => [metricKey.name, ...metricKey.tags])
        const found = Secrets.found([...texts, JSON.stringify(tags)].join("\n"), secrets)
        assert.deepStrictEqual(found, [], `${operation.name}, ${what}`)
      })
    )
  })

describe("no key, token, cookie or refresh parameter comes out", () => {
  it.scopedLive(
    "whatever they are, and whatever the server hands back of them",
    () => secretsStay(250, {}),
    60_000
  )

  it.scopedLive("also where the attempts are traced", () => secretsStay(100, { traceAttempts: true }), 60_000)
})

describe("the search for secrets", () => {
  it.effect("finds what leaks, whole or in half, plain or escaped", () =>
    forAll(Secrets.arbitrary, 50, (secrets) =>
      Effect.sync(() => {
        const leaks = [
          `Bearer ${secrets.key}`,
          JSON.stringify({ authorization: secrets.key }),
          secrets.expiredToken,
          secrets.expiredToken.slice(0, -20),
          JSON.stringify(secrets.requestHeaders),
          encodeURIComponent(secrets.requestOrigin),
          secrets.refreshToken,
          secrets.requestOriginatingIp
        ]
        for (const leak of leaks) assert.isAbove(Secrets.found(`x${leak}x`, secrets).length, 0, leak)
        assert.deepStrictEqual(Secrets.found("Sessions.get (GET /v1/sessions/sess_1): 401", secrets), [])
      })
    )
  )

  it.effect("looks at all that an error, a span, a log and a cause can tell", () =>
    Effect.gen(function* () {
      const told = Effect.fail(
        new ClerkError.DecodeError({
          operation: "Sessions.get",
          method: "GET",
          path: "/",
          detail: "in-error"
        })
      ).pipe(
        Effect.tapError(() => Effect.logDebug("in-log", { key: "in-log-object" })),
        Effect.annotateLogs({ key: "in-annotation" }),
        Effect.tapErrorCause(() =>
          Effect.flatMap(Effect.currentSpan, (span) =>
            Effect.sync(() => span.event("in-event", 0n, { key: "in-event-attribute" }))
          )
        ),
        Effect.withSpan("in-span-name", { attributes: { key: "in-attribute" } })
      )
      const { texts } = yield* Secrets.observe(told)
      const all = texts.join("\n")
      for (const text of [
        "in-error",
        "in-log",
        "in-log-object",
        "in-annotation",
        "in-span-name",
        "in-attribute",
        "in-event",
        "in-event-attribute"
      ]) {
        assert.include(all, text)
      }
    })
  )
})
