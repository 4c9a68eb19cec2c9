import { HttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, FastCheck, Layer, Metric, Redacted } from "effect"
import { ClerkError } from "effect-clerk"
import type { ClerkConfig } from "effect-clerk"

import * as Config from "../support/config.js"
import * as Server from "../support/faultServer.js"
import { operations } from "../support/operations.js"
import { cases, forAll } from "../support/property.js"
import * as Respond from "../support/respond.js"
import * as Secrets from "../support/secrets.js"
import * as Transports from "../support/transports.js"
import { transport } from "./rows/transport.js"

/** Responses that hold secrets. */
const responses: ReadonlyArray<readonly [string, Server.Handler]> = [
  ["a success", Respond.success],
  ...transport
    .filter(({ about }) => about === "a response that quotes the request")
    .flatMap(({ rows }) =>
      rows.flatMap(([what, handler]) => (handler === "no server" ? [] : [[what, handler] as const]))
    )
]

const calls = FastCheck.tuple(
  Secrets.arbitrary,
  FastCheck.constantFrom(...responses),
  FastCheck.constantFrom(...operations)
)

/** Runs calls over sockets, and searches for their secrets in everything that can be read afterwards. */
const searchForSecrets = (numRuns: number, options: Partial<ClerkConfig.Options>) =>
  Effect.gen(function* () {
    const server = yield* Server.make(Respond.success)
    const client = Context.get(yield* Layer.build(Transports.layer("fetch")), HttpClient.HttpClient)
    yield* forAll(calls, numRuns, ([secrets, [what, handler], operation]) =>
      Effect.gen(function* () {
        server.handle(handler)
        const { texts } = yield* Secrets.observe(
          operation.call(secrets).pipe(
            Effect.provideService(HttpClient.HttpClient, client),
            Effect.provide(
              Config.context({
                apiUrl: server.url,
                secretKey: Redacted.make(secrets.key),
                retry: Config.quickRetries,
                ...options
              })
            )
          )
        )
        assert.isAbove(texts.length, 8)
        const tags = Metric.unsafeSnapshot().flatMap(({ metricKey }) => [metricKey.name, ...metricKey.tags])
        const found = Secrets.found([...texts, JSON.stringify(tags)].join("\n"), secrets)
        assert.deepStrictEqual(found, [], `${operation.name}, ${what}`)
      })
    )
  })

describe("secrets never reach errors, logs, spans or metrics", () => {
  it.scopedLive("whatever the server sends back", () => searchForSecrets(cases, {}))

  it.scopedLive("with traceAttempts", () => searchForSecrets(cases, { traceAttempts: true }))
})

describe("the search for secrets", () => {
  it.effect("finds whole and halved secrets, plain and escaped", () =>
    forAll(Secrets.arbitrary, cases, (secrets) =>
      Effect.sync(() => {
        const leaks = [
          `Bearer ${secrets.key}`,
          JSON.stringify({ authorization: secrets.key }),
          secrets.expiredToken,
          secrets.expiredToken.slice(0, -20),
          JSON.stringify(secrets.requestHeaders),
          encodeURIComponent(secrets.refreshToken),
          secrets.refreshToken
        ]
        for (const leak of leaks) assert.isAbove(Secrets.found(`x${leak}x`, secrets).length, 0, leak)
        assert.deepStrictEqual(Secrets.found("Sessions.get (GET /v1/sessions/sess_1): 401", secrets), [])
      })
    )
  )

  it.effect("covers errors, spans, logs and causes", () =>
    Effect.gen(function* () {
      const program = Effect.fail(
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
      const { texts } = yield* Secrets.observe(program)
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
