import { inspect } from "node:util"

import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Logger, Metric, Redacted, Schedule, Schema, TestClock } from "effect"
import { AuthenticationError } from "effect-clerk"
import * as SessionVerifier from "effect-clerk/SessionVerifier"

import { observe } from "../support/secrets.js"
import * as Tokens from "./tokens.js"

/** Pieces of a text that nobody else writes. */
const pieces = (text: string) => text.split(/[.\s]+/).filter((piece) => piece.length >= 12)

const encode = Schema.encodeSync(AuthenticationError.AuthenticationError)

/** Runs a verification, and returns every text that tells of it. */
const textsOf = <A>(self: Effect.Effect<A, AuthenticationError.AuthenticationError>) =>
  Effect.gen(function* () {
    const logged = Effect.tapErrorCause(self, (cause) =>
      Effect.annotateLogs(Effect.logError("failed", cause, Cause.squash(cause)), {
        failure: Cause.squash(cause)
      })
    )
    const { exit, texts } = yield* observe(Effect.exit(logged))
    const outcome = yield* exit
    if (Exit.isSuccess(outcome)) return texts
    const error = yield* Effect.orDie(Cause.failureOption(outcome.cause))
    const told = [
      String(error),
      error.message,
      error.stack ?? "",
      inspect(error, { depth: null }),
      JSON.stringify(error)
    ]
    return [...texts, ...told, Cause.pretty(outcome.cause), JSON.stringify(encode(error))]
  })

/** Everything that can be read after a verification holds no piece of the token, no key, and little of a key id. */
const staysSecret = (
  token: string,
  layer: Layer.Layer<SessionVerifier.SessionVerifier, unknown>,
  tag: string
) =>
  Effect.gen(function* () {
    const seen: Array<string> = []
    for (const headers of [{ authorization: `Bearer ${token}` }, { cookie: `__session=${token}` }]) {
      seen.push(
        ...(yield* textsOf(Effect.provide(SessionVerifier.authenticate(headers), Layer.orDie(layer))))
      )
    }
    const texts = yield* textsOf(
      Effect.provide(SessionVerifier.verify(Redacted.make(token)), Layer.orDie(layer))
    )
    const metrics = Metric.unsafeSnapshot().map(({ metricKey }) =>
      JSON.stringify([metricKey.name, metricKey.tags])
    )
    const all = [...seen, ...texts, ...metrics].join("\n")
    assert.include(all, tag)
    for (const piece of pieces(token)) assert.notInclude(all, piece, tag)
    assert.notInclude(all, Tokens.secretKey)
    assert.notMatch(all, /k{65}/)
  })

describe("no token and no key comes out", () => {
  it.effect("of a verification, whatever it ends with", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Tokens.iat * 1000)
      const one = yield* Tokens.instance()
      const sign = (claims: Tokens.Json, header: Tokens.Json = {}) =>
        Tokens.sign(one, Tokens.sessionClaims(claims), { ...Tokens.sessionHeader(one.kid), ...header })
      const good = yield* sign({})
      const long = "k".repeat(200)
      const rows: ReadonlyArray<readonly [string, string]> = [
        [good, "user_1"],
        [`${good}.more`, "TokenRejected"],
        [good.slice(0, -4), "TokenRejected"],
        [good.replace(/.$/, "!"), "TokenRejected"],
        [Tokens.forge(good, long), "TokenRejected"],
        [yield* sign({}, { typ: long }), "TokenRejected"],
        [yield* sign({}, { cat: long }), "TokenRejected"],
        [yield* sign({}, { alg: long }), "TokenRejected"],
        [yield* sign({ iss: long }), "TokenRejected"],
        [yield* sign({ exp: Tokens.iat - 60 }), "TokenExpired"],
        [yield* sign({ nbf: Tokens.iat + 60 }), "TokenNotYetValid"],
        [yield* sign({ sts: "pending" }), "SessionPending"],
        [yield* sign({ azp: long }), "TokenRejected"],
        [yield* sign({ sub: 5 }), "TokenRejected"]
      ]
      const verifier = { authorizedParties: ["https://example.com"], issuer: "https://clerk.example.com" }
      const { layer } = Tokens.serveKeys(() => Effect.succeed(Tokens.keySet(one)), { verifier })
      for (const [token, tag] of rows) yield* staysSecret(token, layer, tag)
      const withKey = SessionVerifier.layerKey({ jwtKey: one.pem, ...verifier })
      for (const [token, tag] of rows) yield* staysSecret(token, withKey, tag)
    })
  )

  it.effect("of a load of keys that fails, and that hands the request back", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Tokens.iat * 1000)
      const good = yield* Tokens.sign(yield* Tokens.instance())
      const echo = `Bearer ${Tokens.secretKey}`
      const bodies: ReadonlyArray<() => Response> = [
        () => Response.json({ errors: [{ code: echo, message: echo, long_message: echo }] }, { status: 401 }),
        () => new Response(echo, { status: 502 }),
        () => new Response(echo),
        () => Response.json({ keys: [{ kid: echo, kty: "RSA", n: echo, e: "AQAB" }] })
      ]
      for (const body of bodies) {
        const { layer } = Tokens.serveKeys(() => Effect.sync(body), { config: { retry: Schedule.stop } })
        yield* staysSecret(good, layer, "KeysUnavailable")
      }
    })
  )

  it.effect("of a first load that fails, which the log tells of once for all who wait", () =>
    Effect.gen(function* () {
      const good = yield* Tokens.sign(yield* Tokens.instance())
      const { layer } = Tokens.serveKeys(
        () => Effect.sync(() => new Response(`Bearer ${Tokens.secretKey}`, { status: 502 })),
        { config: { retry: Schedule.stop } }
      )
      const warnings: Array<string> = []
      const collector = Logger.make(({ logLevel, message }) => {
        warnings.push(`${logLevel.label} ${String(message)}`)
      })
      yield* Effect.all(
        [1, 2, 3].map(() => Effect.flip(SessionVerifier.verify(good))),
        {
          concurrency: "unbounded"
        }
      ).pipe(Effect.provide(Layer.merge(layer, Logger.replace(Logger.defaultLogger, collector))))
      assert.strictEqual(warnings.length, 1)
      assert.match(warnings[0] ?? "", /^WARN .*: 502; .*; until they are, no token can be verified$/)
      assert.notInclude(warnings[0], Tokens.secretKey)
    })
  )

  it.effect("of a refresh behind, which only the log tells of", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Tokens.iat * 1000)
      const one = yield* Tokens.instance()
      const good = yield* Tokens.sign(one, Tokens.sessionClaims({ exp: Tokens.iat + 3600 }))
      let isDown = false
      const { layer, requests } = Tokens.serveKeys(
        () =>
          Effect.sync(() =>
            isDown ? new Response(`Bearer ${Tokens.secretKey}`, { status: 502 }) : Tokens.keySet(one)
          ),
        { config: { retry: Schedule.stop } }
      )
      const { texts } = yield* observe(
        Effect.gen(function* () {
          yield* SessionVerifier.verify(good)
          isDown = true
          yield* TestClock.adjust("6 minutes")
          yield* SessionVerifier.verify(good)
          yield* Tokens.until(() => requests.length === 2)
          yield* TestClock.adjust("1 millis")
        }).pipe(Effect.provide(layer))
      )
      const all = texts.join("\n")
      assert.match(all, /WARN.*JWKS\.get \(GET \/v1\/jwks\): 502.*; the keys loaded before stay in use/)
      assert.notInclude(all, Tokens.secretKey)
      for (const piece of pieces(good)) assert.notInclude(all, piece)
    })
  )
})
