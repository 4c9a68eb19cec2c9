/** Judges some hundred tokens by `@clerk/backend` and by this package. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

import { verifyToken } from "@clerk/backend"
import { FetchHttpClient } from "@effect/platform"
import { afterAll, assert, beforeAll, describe, it, vi } from "@effect/vitest"
import { type Context, Effect, FastCheck, Layer, Redacted, TestClock } from "effect"
import { ClerkConfig } from "effect-clerk"
import * as SessionVerifier from "effect-clerk/SessionVerifier"

import * as Tokens from "./tokens.js"

interface Options {
  readonly audience?: string | Array<string>
  readonly authorizedParties?: Array<string>
  readonly issuer?: string
}

interface Case {
  readonly about: string
  readonly token: string
  readonly options?: Options
}

/**
 * Tokens that `@clerk/backend` accepts and this package does not: what it says in place of it, and why.
 *
 * A group is named by the beginning of `about`.
 */
const stricter: ReadonlyArray<readonly [group: string, verdict: string, reason: string]> = [
  ["template", "kind", "`verifyToken` takes tokens of JWT templates; `authenticateRequest` refuses them"],
  ["category", "kind", "unknown categories are no sessions; `authenticateRequest` refuses them"],
  ["critical", "shape", "RFC 7515 wants tokens with unknown critical extensions to be refused"],
  ["key id", "shape", "a key id is a string"],
  ["padding", "shape", "RFC 7515 forbids padding; one token has one spelling"],
  ["UTF-8", "shape", "RFC 7519 wants claims in UTF-8; replaced characters could equal others"],
  ["user", "claims", "a session has a user"],
  ["machine", "kind", "`authenticateRequest` refuses subjects of machines as sessions"],
  ["session", "claims", "a session token names its session"],
  ["pending", "SessionPending", "`authenticateRequest` treats pending sessions as signed out"],
  ["status", "claims", "an unknown status is no active session"],
  ["actor", "claims", "a malformed actor could hide an impersonation"],
  ["text", "claims", "`iss`, `azp` and `jti` are strings"],
  ["endless", "claims", "a time beyond all dates never comes"],
  ["fraction", "TokenNotYetValid", "times are compared to the millisecond, not to the second"],
  ["no audience", "audience", "who expects an audience expects it to be there"]
]

/** Tokens that both refuse, for another reason: what this package says, and why. */
const reworded: ReadonlyArray<readonly [group: string, verdict: string, reason: string]> = [
  ["header ", "shape", "a header that is no object is refused as such, and not for what it lacks"],
  ["payload ", "shape", "a payload that is no object is refused as such, and not for what it lacks"],
  ["RS384 and RS512", "algorithm", "the algorithm is what is wrong, and not the import of the key"]
]

const instance = Effect.runSync(Effect.cached(Tokens.instance()))

/** Cases of each group, made with the instance's key, so that only what they are about is wrong. */
const cases = Effect.gen(function* () {
  const one = yield* instance
  const other = yield* Tokens.instance("ins_other")
  const header = Tokens.sessionHeader(one.kid)
  const good = yield* Tokens.sign(one)
  const all: Array<Case> = [{ about: "good", token: good }]
  const add = (about: string, claims: Tokens.Json, more: Tokens.Json = {}, options: Options = {}) =>
    Effect.map(Tokens.sign(one, Tokens.sessionClaims(claims), { ...header, ...more }), (token) => {
      all.push({ about: `${about} ${JSON.stringify({ ...claims, ...more, ...options })}`, token, options })
    })

  // Tampered with: the signature holds for none of these.
  const sample = <A>(arbitrary: FastCheck.Arbitrary<A>, numRuns: number) =>
    FastCheck.sample(arbitrary, { numRuns, seed: 14 })
  const place = FastCheck.nat({ max: good.length - 1 })
  const character = FastCheck.constantFrom(..."ABCDabcd0189-_.=+/ \n%é")
  for (const [at, by] of sample(FastCheck.tuple(place, character), 120)) {
    if (good[at] !== by)
      all.push({ about: `tampered: ${at} is ${by}`, token: good.slice(0, at) + by + good.slice(at + 1) })
  }
  for (const [at, by] of sample(FastCheck.tuple(place, character), 60)) {
    all.push({ about: `tampered: ${by} before ${at}`, token: good.slice(0, at) + by + good.slice(at) })
  }
  for (const [from, length] of sample(FastCheck.tuple(place, FastCheck.integer({ min: 1, max: 40 })), 60)) {
    all.push({
      about: `tampered: without ${from}+${length}`,
      token: good.slice(0, from) + good.slice(from + length)
    })
  }
  const [head, payload, signature] = good.split(".")
  for (const token of [
    "",
    ".",
    "..",
    `${head}.${payload}.`,
    `.${payload}.${signature}`,
    `${head}..${signature}`,
    `${good}.${signature}`,
    `${payload}.${head}.${signature}`
  ]) {
    all.push({ about: `tampered: ${token.length} characters`, token })
  }
  for (const token of [`${good}=`, `${good}==`, `${head}.${payload}==.${signature}`])
    all.push({ about: "padding or tampered", token })

  // Other keys and algorithms.
  all.push({ about: "other key", token: yield* Tokens.sign(other, Tokens.sessionClaims(), header) })
  for (const alg of ["HS256", "HS512"]) {
    all.push({
      about: `algorithm ${alg}`,
      token: yield* Tokens.signAs(alg, new TextEncoder().encode(one.pem), header)
    })
  }
  for (const alg of ["RS384", "RS512"]) {
    all.push({
      about: `RS384 and RS512: ${alg}`,
      token: yield* Effect.flatMap(Tokens.reimport(one.privateKey, alg), (key) =>
        Tokens.signAs(alg, key, header)
      )
    })
  }

  // Headers.
  for (const typ of ["jwt", "at+jwt", "application/at+jwt", "JOSE", "", null, 5, ["JWT"], {}])
    yield* add("type", {}, { typ })
  for (const alg of ["none", "rs256", "PS256", "", null, 5, undefined]) yield* add("algorithm", {}, { alg })
  for (const crit of [["exp"], [], ["b64"], null, "exp"]) yield* add("critical", {}, { crit })
  yield* add("template", {}, { cat: "cl_B7d4PD222AAA" })
  yield* add("machine by category", {}, { cat: "cl_B7d4PD333AAA" })
  for (const cat of ["", "session", "cl_B7d4PD111aaa", null, 5]) yield* add("category", {}, { cat })
  for (const kid of [5, null, {}]) yield* add("key id", {}, { kid })
  for (const more of [
    { oiat: 5 },
    { typ: undefined },
    { cat: undefined },
    { cat: "cl_I7d4PD111III" },
    { jku: "https://evil.example" },
    { jwk: other.jwk }
  ]) {
    yield* add("good header", {}, more)
  }
  for (const odd of [null, [], "JWT", 5, true]) {
    const bytes = new TextEncoder().encode(JSON.stringify(Tokens.sessionClaims()))
    all.push({
      about: `header ${JSON.stringify(odd)}`,
      token: yield* Tokens.signBytes(one.privateKey, bytes, odd)
    })
    all.push({ about: `payload ${JSON.stringify(odd)}`, token: yield* Tokens.sign(one, odd) })
  }

  // Times, around the edges of 5 seconds.
  const offsets = [-1e6, -3600, -66, -65, -64, -61, -60, -6, -5, -4, -1, 0, 1, 4, 5, 6, 60, 3600, 1e6]
  for (const offset of offsets) {
    for (const claim of ["exp", "nbf", "iat"]) yield* add("time", { [claim]: Tokens.iat + offset })
  }
  for (const offset of [-4.6, -5.4, -0.5, 0.5, 4.9]) {
    for (const claim of ["exp", "nbf", "iat"]) yield* add("time", { [claim]: Tokens.iat + offset })
  }
  for (const claim of ["nbf", "iat"]) yield* add("fraction", { [claim]: Tokens.iat + 5.9 })
  for (const odd of ["1700000060", null, true, [], {}]) {
    for (const claim of ["exp", "nbf", "iat"]) yield* add("time", { [claim]: odd })
  }
  yield* add("time", { exp: undefined })
  yield* add("good without", { nbf: undefined, iat: undefined })
  const endless = new TextEncoder().encode(
    JSON.stringify(Tokens.sessionClaims()).replace(/"exp":\d+/, '"exp":1e999')
  )
  all.push({ about: "endless", token: yield* Tokens.signBytes(one.privateKey, endless, header) })

  // Claims.
  for (const sub of [undefined, null, 5, ["user_1"], {}]) yield* add("claims", { sub })
  yield* add("user", { sub: "" })
  yield* add("machine", { sub: "mch_1" })
  for (const sid of [undefined, null, "", 5, {}]) yield* add("session", { sid })
  yield* add("pending", { sts: "pending" })
  for (const sts of ["revoked", "Active", "", 5, {}]) yield* add("status", { sts })
  for (const act of ["user_2", 5, []]) yield* add("actor", { act })
  for (const claim of ["iss", "azp", "jti"])
    for (const odd of [5, {}, true]) yield* add("text", { [claim]: odd })
  for (const odd of [null, "x", 5, [], {}, [1, 2, 3]]) {
    for (const claim of ["fva", "fea", "pla", "o", "v", "more"]) yield* add("good oddity", { [claim]: odd })
  }
  const latin = Uint8Array.from(JSON.stringify(Tokens.sessionClaims({ more: "é" })), (character) =>
    character.charCodeAt(0)
  )
  all.push({ about: "UTF-8", token: yield* Tokens.signBytes(one.privateKey, latin, header) })

  // Options.
  const authorizedParties = ["https://example.com", "https://app.example.com"]
  for (const azp of [
    "https://example.com",
    "https://app.example.com",
    "https://example.com/",
    "http://example.com",
    "https://evil.example",
    "",
    undefined,
    null
  ]) {
    yield* add("party", { azp }, {}, { authorizedParties })
  }
  for (const audience of ["api", ["api", "web"]]) {
    for (const aud of ["api", "web", "other", ["api"], ["other", "web"], ["other"]])
      yield* add("audience", { aud }, {}, { audience })
    yield* add("no audience", { aud: undefined }, {}, { audience })
  }
  for (const iss of [
    "https://clerk.example.com",
    "https://clerk.example.com/",
    "https://evil.example",
    undefined,
    null
  ]) {
    yield* add("issuer", { iss }, {}, { issuer: "https://clerk.example.com" })
  }
  yield* add("order", { azp: "https://evil.example", exp: Tokens.iat - 3600 }, {}, { authorizedParties })
  yield* add("order", { sub: 5, exp: Tokens.iat - 3600 })
  yield* add("order", { exp: Tokens.iat - 3600, nbf: Tokens.iat + 3600, sts: "pending" })
  yield* add(
    "order",
    { aud: "other", azp: "https://evil.example" },
    {},
    { authorizedParties, audience: "api" }
  )
  return all
})

/** What this package says where `@clerk/backend` gives this reason. */
const equivalents: { readonly [reason: string]: ReadonlyArray<string> } = {
  accepted: ["accepted"],
  "token-invalid": ["shape", "kind"],
  "token-invalid-algorithm": ["algorithm"],
  "token-invalid-signature": ["signature"],
  "token-verification-failed": ["claims", "audience"],
  "token-invalid-authorized-parties": ["party"],
  "token-invalid-issuer": ["issuer"],
  "token-expired": ["TokenExpired"],
  "token-not-active-yet": ["TokenNotYetValid"],
  "token-iat-in-the-future": ["TokenNotYetValid"],
  "jwk-kid-mismatch": ["unknownKey", "shape"],
  "jwk-failed-to-resolve": ["unknownKey", "shape"],
  // No reason: a header or a payload that is no object makes it throw a TypeError.
  TypeError: ["shape"]
}

const theirs = async (token: string, options: Parameters<typeof verifyToken>[1]): Promise<string> => {
  try {
    await verifyToken(token, options)
    return "accepted"
  } catch (error) {
    return error instanceof Error && "reason" in error
      ? String(error.reason)
      : error instanceof Error
        ? error.name
        : "?"
  }
}

const ours = (token: string) =>
  SessionVerifier.verify(token).pipe(
    Effect.as("accepted"),
    Effect.catchTag("TokenRejected", ({ reason }) => Effect.succeed(reason)),
    Effect.catchAll(({ _tag }) => Effect.succeed(_tag))
  )

describe("the verdict of @clerk/backend", () => {
  // Its clock is the machine's.
  beforeAll(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: Tokens.iat * 1000 })
  })
  afterAll(() => {
    vi.useRealTimers()
  })

  const hold = (
    verify: (one: Case) => Promise<string>,
    layer: (options: Options) => Layer.Layer<SessionVerifier.SessionVerifier, unknown>
  ) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Tokens.iat * 1000)
      const all = yield* cases
      assert.isAbove(all.length, 400)
      const built = new Map<string, Context.Context<SessionVerifier.SessionVerifier>>()
      const needed = new Set<string>()
      for (const one of all) {
        const key = JSON.stringify(one.options ?? {})
        const context = built.get(key) ?? (yield* Layer.build(layer(one.options ?? {})))
        built.set(key, context)
        const expected = yield* Effect.promise(() => verify(one))
        const actual = yield* Effect.provide(ours(one.token), context)
        const row = stricter.find(([group]) => one.about.startsWith(group))
        const said = `${one.about}: ${expected} there, ${actual} here`
        if (expected === "accepted" && actual !== "accepted") {
          assert.strictEqual(actual, row?.[1], said)
          needed.add(row?.[0] ?? "")
        } else if (one.about.includes("tampered")) {
          // Parts are looked at in another order, which makes another reason of the same verdict.
          assert.include(["shape", "kind", "algorithm", "unknownKey", "signature"], actual, said)
          assert.notStrictEqual(expected, "accepted", said)
        } else if (row === undefined) {
          const rewording = reworded.find(([group]) => one.about.startsWith(group))
          assert.include([...(equivalents[expected] ?? []), rewording?.[1]], actual, said)
        } else {
          assert.include([...(equivalents[expected] ?? []), row[1]], actual, said)
        }
      }
      return needed
    })

  it.scoped("with the key in PEM, but for a table of cases where this package is stricter", () =>
    Effect.gen(function* () {
      const { pem } = yield* instance
      const needed = yield* hold(
        ({ options, token }) => theirs(token, { jwtKey: pem, ...options }),
        (options) => SessionVerifier.layerKey({ jwtKey: pem, ...options })
      )
      // Every row of the table is there for a reason.
      assert.sameMembers(
        [...needed],
        stricter.map(([group]) => group)
      )
    })
  )

  it.scoped("with served keys", () =>
    Effect.gen(function* () {
      const { jwk } = yield* instance
      const server = createServer((_, response) => {
        response.setHeader("content-type", "application/json")
        response.end(JSON.stringify({ keys: [jwk] }))
      })
      yield* Effect.acquireRelease(
        Effect.async<void>((resume) => {
          server.listen(0, "127.0.0.1", () => resume(Effect.void))
        }),
        () => Effect.sync(() => server.close().closeAllConnections())
      )
      // A server that listens on a port has such an address.
      const { port } = server.address() as AddressInfo
      const apiUrl = `http://127.0.0.1:${port}`
      const clerk = Layer.merge(
        FetchHttpClient.layer,
        ClerkConfig.layer({ secretKey: Redacted.make(Tokens.secretKey), apiUrl })
      )
      yield* hold(
        ({ options, token }) => theirs(token, { secretKey: Tokens.secretKey, apiUrl, ...options }),
        (options) => Layer.provide(SessionVerifier.layer(options), clerk)
      )
    })
  )
})
