import { deepStrictEqual } from "node:assert/strict"

import type { Headers } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Exit, FastCheck, Runtime, TestClock } from "effect"
import { AuthenticationError } from "effect-clerk"
import * as SessionVerifier from "effect-clerk/SessionVerifier"
import { compactVerify } from "jose"

import { verifySignature } from "../../src/internal/fast/verifySignature.js"
import { parse } from "../../src/internal/verify/token.js"
import * as Tokens from "./tokens.js"

const tags: ReadonlySet<string> = new Set(
  AuthenticationError.AuthenticationError.members.map((type) => type._tag)
)

/** Runs an effect for each of many values; all of them end in success or in an error of the module. */
const neverDies = <T, A, R>(
  arbitrary: FastCheck.Arbitrary<T>,
  run: (value: T) => Effect.Effect<A, AuthenticationError.AuthenticationError, R>
) =>
  Effect.flatMap(Effect.runtime<R>(), (runtime) =>
    Effect.promise(() =>
      FastCheck.assert(
        FastCheck.asyncProperty(arbitrary, async (value) => {
          const exit = await Runtime.runPromiseExit(runtime)(Effect.flip(run(value)))
          assert.isTrue(Exit.isSuccess(exit) && tags.has(exit.value._tag), String(exit))
        }),
        { numRuns: 10_000 }
      )
    )
  )

const json = FastCheck.oneof(FastCheck.jsonValue(), FastCheck.object())
const part = FastCheck.oneof(
  FastCheck.string({ unit: "binary" }),
  FastCheck.stringMatching(/^[\w-]{0,40}$/),
  json.map((value) => Tokens.base64url(JSON.stringify(value) ?? "")),
  FastCheck.record(
    { alg: FastCheck.constant("RS256"), typ: FastCheck.constant("JWT"), kid: FastCheck.string() },
    { requiredKeys: ["alg"] }
  ).map((header) => Tokens.base64url(JSON.stringify(header)))
)
const token = FastCheck.oneof(
  FastCheck.string({ unit: "binary" }),
  FastCheck.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(".")),
  FastCheck.anything()
)

/** `String` throws for some generated objects: those without a `toString`. */
const textOf = (value: unknown): string => (typeof value === "string" ? value : FastCheck.stringify(value))

describe("arbitrary input", () => {
  it.effect("as a token is no defect", () =>
    // Programs without types pass anything.
    neverDies(token, (value) => SessionVerifier.verify(value as string)).pipe(
      Effect.provide(Tokens.withKey())
    )
  )

  it.effect("as headers is no defect", () =>
    neverDies(
      FastCheck.oneof(
        FastCheck.record(
          {
            authorization: FastCheck.oneof(
              token,
              FastCheck.tuple(FastCheck.constantFrom("Bearer ", "bearer", "Basic "), token).map((both) =>
                both.map(textOf).join("")
              )
            ),
            cookie: FastCheck.oneof(
              token,
              FastCheck.array(
                FastCheck.tuple(FastCheck.constantFrom("__session", "__session_abcdefgh", "a"), token)
              ).map((all) => all.map((pair) => pair.map(textOf).join("=")).join("; "))
            )
          },
          { requiredKeys: [] }
        ),
        FastCheck.array(FastCheck.tuple(FastCheck.string(), FastCheck.string())),
        FastCheck.anything()
      ),
      (headers) => SessionVerifier.authenticate(headers as Headers.Input)
    ).pipe(Effect.provide(Tokens.withKey({ publishableKey: "pk_test_Y2xlcmsuZXhhbXBsZS5jb20k" })))
  )

  it.effect("as signed claims is no defect", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Tokens.iat * 1000)
      const one = yield* Tokens.instance()
      const names = Object.keys(Tokens.sessionClaims({ sts: 1, act: 1, fea: 1, pla: 1, o: 1, aud: 1 }))
      const odd = FastCheck.tuple(FastCheck.constantFrom(...names), json).map(([name, value]) =>
        Tokens.sessionClaims({ [name]: value })
      )
      yield* Effect.forEach(FastCheck.sample(FastCheck.oneof(odd, json), 1000), (claims) =>
        Effect.gen(function* () {
          const outcome = yield* Effect.either(SessionVerifier.verify(yield* Tokens.sign(one, claims)))
          assert.isTrue(Either.isRight(outcome) || tags.has(outcome.left._tag))
        })
      )
    }).pipe(Effect.provide(Tokens.withKey({ audience: "api" })))
  )
})

describe("the verification of signatures", () => {
  it.effect("says what jose says of every token that has the right shape", () =>
    Effect.gen(function* () {
      const one = yield* Tokens.instance()
      const good = yield* Tokens.sign(one)
      const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }
      const key = yield* Effect.promise(() =>
        crypto.subtle.importKey("jwk", one.jwk, algorithm, false, ["verify"])
      )
      const place = FastCheck.nat({ max: good.length })
      const piece = FastCheck.stringMatching(/^[\w.-]{0,3}$/)
      const changed = FastCheck.tuple(place, FastCheck.nat({ max: 3 }), piece).map(
        ([at, length, by]) => good.slice(0, at) + by + good.slice(at + length)
      )
      let [holds, judged] = [0, 0]
      yield* Effect.promise(() =>
        FastCheck.assert(
          FastCheck.asyncProperty(
            FastCheck.oneof({ arbitrary: changed, weight: 9 }, FastCheck.constant(good)),
            async (text) => {
              if (Either.isLeft(parse(text, new Map()))) return
              const expected = await compactVerify(text, key, { algorithms: ["RS256"] }).then(
                ({ payload }) => payload,
                () => undefined
              )
              deepStrictEqual(await verifySignature(text, key), expected)
              judged += 1
              holds += expected === undefined ? 0 : 1
            }
          ),
          { numRuns: 5000 }
        )
      )
      assert.isAbove(holds, 100)
      assert.isAbove(judged - holds, 500)
    })
  )
})
