/** Errors of verification. */
import * as SessionVerifier from "effect-clerk/SessionVerifier"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"

import * as Mock from "../support/mock.js"
import * as Tokens from "../verify/tokens.js"
import { type Case, secret, type Section } from "./section.js"

const now = Tokens.iat * 1000

/** The message for a token with these claims and this header. */
const verified = (
  claims: Tokens.Json = {},
  options: SessionVerifier.Options = {},
  header: Tokens.Json = {}
): Case[1] =>
  Effect.gen(function* () {
    yield* TestClock.setTime(now)
    const instance = yield* Tokens.instance()
    const token = yield* Tokens.sign(instance, Tokens.sessionClaims(claims), {
      ...Tokens.sessionHeader(instance.kid),
      ...header
    })
    return yield* messageOf(token, options)
  })

const messageOf = (token: string, options: SessionVerifier.Options = {}): Case[1] =>
  SessionVerifier.verify(token).pipe(
    Effect.provide(Tokens.withKey(options)),
    Effect.flip,
    Effect.map((error) => ("message" in error ? error.message : String(error))),
    Effect.orDie
  )

/** The message for a token whose keys come from Clerk. */
const withKeySet = (respond: () => Effect.Effect<Response, Error>, kid?: string): Case[1] =>
  Effect.gen(function* () {
    yield* TestClock.setTime(now)
    const token = yield* Tokens.sign(yield* Tokens.instance(kid))
    const { layer } = Tokens.serveKeys(respond, { config: { retry: Schedule.stop } })
    const error = yield* Effect.flip(SessionVerifier.verify(token)).pipe(Effect.provide(layer))
    return error.message
  }).pipe(Effect.orDie)

const forged = Effect.gen(function* () {
  yield* TestClock.setTime(now)
  const token = yield* Tokens.sign(yield* Tokens.instance())
  return yield* messageOf(`${token.slice(0, -4)}AAAA`)
})

const missing: Case[1] = Effect.gen(function* () {
  const error = yield* Effect.flip(SessionVerifier.authenticate({})).pipe(Effect.provide(Tokens.withKey()))
  return error.message
}).pipe(Effect.orDie)

export const authentication: ReadonlyArray<Section> = [
  {
    title: "AuthenticationError",
    cases: [
      ["no token", missing],
      ["expired", verified({ exp: Tokens.iat - 60 })],
      ["not valid yet (nbf)", verified({ nbf: Tokens.iat + 60 })],
      ["not valid yet (iat)", verified({ iat: Tokens.iat + 60 })],
      ["a pending session", verified({ sts: "pending" })]
    ]
  },
  {
    title: "TokenRejected",
    cases: [
      ["not a token", messageOf(secret)],
      ["stray bits", messageOf(`eyJ${secret}.e30.c2ln`)],
      ["another algorithm", verified({}, {}, { alg: "HS256" })],
      ["no algorithm", verified({}, {}, { alg: "none" })],
      ["a forged signature", forged],
      ["a template token", verified({}, {}, { cat: "cl_B7d4PD222AAA" })],
      ["an unknown category", verified({}, {}, { cat: "other" })],
      ["another type", verified({}, {}, { typ: "at+jwt" })],
      ["critical extensions", verified({}, {}, { crit: ["exp"] })],
      ["no user", verified({ sub: undefined })],
      ["a machine", verified({ sub: "mch_1" })],
      ["no session", verified({ sid: undefined })],
      ["no audience", verified({}, { audience: "api" })],
      ["another audience", verified({ aud: "other" }, { audience: "api" })],
      ["no party", verified({ azp: undefined }, { authorizedParties: ["https://example.com"] })],
      [
        "another party",
        verified({ azp: "https://evil.example" }, { authorizedParties: ["https://example.com"] })
      ],
      ["another issuer", verified({}, { issuer: "https://other.example" })],
      ["no expiry", verified({ exp: undefined })],
      ["an unknown status", verified({ sts: "hibernating" })],
      [
        "an unknown key",
        withKeySet(() => Effect.map(Tokens.instance("ins_other"), (one) => Tokens.keySet(one)))
      ]
    ]
  },
  {
    title: "KeysUnavailable",
    cases: [
      ["an outage", withKeySet(() => Effect.succeed(new Response("", { status: 503 })))],
      [
        "a wrong secret key",
        withKeySet(() => Effect.succeed(Response.json({ errors: [] }, { status: 401 })))
      ],
      ["no key set", withKeySet(() => Effect.succeed(Response.json({})))],
      ["a connection that breaks", withKeySet(() => Effect.fail(Mock.reset))]
    ]
  }
]
