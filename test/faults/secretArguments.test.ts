import * as Util from "node:util"

import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Cause, Effect, Exit, Stream } from "effect"
import { Sessions } from "effect-clerk"

import * as Mock from "../support/mock.js"
import { type Call, outcomeOf, refreshParams as refresh } from "../support/operations.js"
import * as Spans from "../support/spans.js"
import * as Wire from "../support/wire.js"

describe("an id or name that looks like a secret is refused unquoted", () => {
  const secrets: ReadonlyArray<readonly [string, string]> = [
    ["a secret key", Wire.secretKey],
    ["a live secret key", "sk_live_0123456789abcdef"],
    ["a session token", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyXzEifQ.c2lnbmF0dXJl"],
    ["a token with white space", " eyJhbGciOiJSUzI1NiJ9.e30.c2ln"],
    ["a bearer header", "Bearer abcdef0123456789"],
    ["a session cookie", "__session=eyJhbGciOiJSUzI1NiJ9.e30.c2ln"],
    ["a refresh cookie", "__refresh_x7Fg=abcdef0123456789"]
  ]
  const places: ReadonlyArray<readonly [string, (secret: string) => Call]> = [
    ["get", (secret) => Sessions.get(secret)],
    ["revoke", (secret) => Sessions.revoke(secret)],
    ["refresh", (secret) => Sessions.refresh(secret, refresh)],
    ["createToken", (secret) => Sessions.createToken(secret)],
    ["createTokenFromTemplate", (secret) => Sessions.createTokenFromTemplate("sess_1", secret)],
    ["create", (secret) => Sessions.create({ userId: secret })],
    [
      "the organization of create",
      (secret) => Sessions.create({ userId: "user_1", activeOrganizationId: secret })
    ],
    ["list", (secret) => Sessions.list({ userId: secret })],
    ["listPage", (secret) => Sessions.listPage({ clientId: secret })],
    ["stream", (secret) => Stream.runCollect(Sessions.stream({ userId: secret }))]
  ]
  for (const [name, make] of places) {
    it.effect(name, () =>
      Effect.gen(function* () {
        for (const [kind, secret] of secrets) {
          const { spans, tracer } = Spans.recorder()
          const { layer, requests } = Mock.clerk()
          const exit = yield* Effect.exit(make(secret)).pipe(Effect.provide(layer), Effect.withTracer(tracer))
          deepStrictEqual([outcomeOf(exit), requests.length], ["InvalidRequest", 0], kind)
          assert(Exit.isFailure(exit))
          const texts = [
            Util.inspect(exit, { depth: null }),
            JSON.stringify(exit),
            Cause.pretty(exit.cause, { renderErrorCause: true }),
            Util.inspect(
              spans.map(({ attributes, events, name }) => [name, attributes, events]),
              { depth: null }
            )
          ]
          for (const part of secret.split(/[\s=.]+/).filter((part) => part.length > 8)) {
            assert.notInclude(texts.join(), part, kind)
          }
        }
      })
    )
  }

  it.effect("but not an id that only resembles one", () =>
    Effect.gen(function* () {
      for (const id of [
        "sk_",
        "sess_sk_test_0123456789",
        "eyJ",
        "eyJa",
        "bearer",
        "user_eyJhbGci.e30.c2ln"
      ]) {
        const { layer, requests } = Mock.clerk()
        yield* Sessions.get(id).pipe(Effect.provide(layer))
        assert.strictEqual(requests.length, 1, id)
      }
    })
  )
})
