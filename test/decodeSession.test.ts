import { isDeepStrictEqual } from "node:util"

import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Either, FastCheck, ParseResult, Redacted, Schema } from "effect"
import { Session } from "effect-clerk"

import * as Fast from "../src/internal/fast/decodeSession.js"
import { cases } from "./support/property.js"
import type { Json } from "./support/wire.js"

/** Values at the limits of what the schemas accept, and any others. */
const unexpected: FastCheck.Arbitrary<Json> = FastCheck.oneof(
  FastCheck.constantFrom<Array<Json>>(
    null,
    true,
    "",
    " ",
    "session",
    "token",
    0,
    -0,
    -1,
    1.5,
    8.64e15,
    8.64e15 + 1,
    -8.64e15,
    -8.64e15 - 1,
    2 ** 53,
    1e300,
    [],
    {},
    [[]],
    [{}],
    [{ key: "a", more: 1 }],
    [{ key: 1 }],
    { key: "a" },
    { length: 1 },
    { data: [] },
    { data: [], total_count: 1 },
    { object: "session_activity", id: "", is_mobile: false }
  ),
  // JSON text gives the key `__proto__` to an object, which a literal would not.
  FastCheck.constantFrom(
    '{"__proto__":{"object":"session"}}',
    '{"__proto__":null}',
    '[null,{"__proto__":[]}]'
  ).map((text): Json => JSON.parse(text)),
  FastCheck.jsonValue().map((value) => JSON.parse(JSON.stringify(value)))
)

/** A place in a value, as numbers that choose among its items, and a change there. */
const mutation = FastCheck.record({
  steps: FastCheck.array(FastCheck.nat(), { maxLength: 4 }),
  change: FastCheck.oneof(
    FastCheck.constant({ kind: "remove" as const }),
    FastCheck.record({ kind: FastCheck.constant("replace" as const), value: unexpected }),
    FastCheck.record({ kind: FastCheck.constant("add" as const), key: FastCheck.string(), value: unexpected })
  )
})

type Mutation = typeof mutation extends FastCheck.Arbitrary<infer A> ? A : never

const mutate = (json: Json, { change, steps: [step, ...steps] }: Mutation): Json => {
  if (typeof json === "object" && json !== null && step !== undefined) {
    const keys = Object.keys(json)
    const key = keys[step % Math.max(1, keys.length)]
    if (key !== undefined && (steps.length > 0 || change.kind === "remove")) {
      const entries = Object.entries(json).flatMap(([name, value]): Array<[string, Json]> =>
        name !== key ? [[name, value]] : steps.length > 0 ? [[name, mutate(value, { change, steps })]] : []
      )
      return Array.isArray(json) ? entries.map(([, value]) => value) : Object.fromEntries(entries)
    }
    if (change.kind === "add") {
      return Array.isArray(json) ? [...json, change.value] : { ...json, [change.key]: change.value }
    }
  }
  return change.kind === "replace" ? change.value : json
}

/** Shows redacted values: an assertion takes all of them for equal. */
const reveal = (value: unknown): unknown =>
  typeof value === "object" && value !== null && "jwt" in value && Redacted.isRedacted(value.jwt)
    ? { ...value, jwt: [Redacted.value(value.jwt)] }
    : value

/** The keys of a value in their order, which equality ignores. */
const keyOrder = (value: unknown): unknown =>
  typeof value === "object" && value !== null
    ? Object.entries(value).map(([key, item]) => [key, keyOrder(item)])
    : undefined

const checkEqual = <A, I>(fast: Fast.FastDecoder<A>, schema: Schema.Schema<A, I>, runs: number): void => {
  const decode = ParseResult.decodeUnknownEither(schema)
  const encode = Schema.encodeSync(schema)
  const onTheWire = FastCheck.sample(Arbitrary.make(schema), { numRuns: 300, seed: 7 }).map((value): Json =>
    JSON.parse(JSON.stringify(encode(value)))
  )
  let accepted = 0
  FastCheck.assert(
    FastCheck.property(
      FastCheck.oneof({ arbitrary: FastCheck.constantFrom(...onTheWire), weight: 20 }, unexpected),
      FastCheck.array(mutation, { maxLength: 3 }),
      (whole, mutations) => {
        const json = mutations.reduce(mutate, whole)
        const expected = Either.getOrUndefined(decode(json))
        const value = fast(json)
        if (value !== undefined) {
          accepted += 1
        }
        return (
          isDeepStrictEqual(reveal(value), reveal(expected)) &&
          isDeepStrictEqual(keyOrder(value), keyOrder(expected))
        )
      }
    ),
    { numRuns: runs }
  )
  // Both accepted and refused values must occur.
  assert.isAbove(accepted, runs / 10)
  assert.isBelow(accepted, runs - runs / 10)
}

describe("the fast decoder gives the value of the schema, or nothing where the schema fails", () => {
  it("for sessions", () => checkEqual(Fast.session, Session.Session, 160 * cases))
  it("for pages of sessions", () => checkEqual(Fast.page, Session.SessionPage, 20 * cases))
  it("for tokens", () => checkEqual(Fast.token, Session.SessionToken, 20 * cases))
})
