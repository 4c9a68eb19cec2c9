/** Arbitrary answers: bytes, JSON, and honest answers and envelopes with something in them changed. */
import { FastCheck } from "effect"

import * as Clerk from "./clerk.js"
import type { Json } from "./clerk.js"
import type { Seen } from "./server.js"

/** An answer as it leaves the server; the body may depend on the request, to come near to what it asks for. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: (request: Seen) => Uint8Array
  /** Whether its length is told, truly. */
  readonly sized: boolean
}

const names = [
  ...Object.keys(Clerk.session),
  "data",
  "total_count",
  "jwt",
  "cookies",
  "errors",
  "code",
  "message",
  "long_message",
  "meta",
  "clerk_trace_id",
  // And those that JavaScript itself gives a meaning.
  "__proto__",
  "constructor",
  "toString",
  "length",
  "_tag",
  "then",
  ""
]

/** Any string that JavaScript can hold, halves of surrogate pairs and all. */
export const utf16 = FastCheck.string({
  unit: FastCheck.oneof(
    FastCheck.integer({ min: 0, max: 0x7f }),
    FastCheck.integer({ min: 0, max: 0xffff }),
    FastCheck.integer({ min: 0xd7ff, max: 0xe000 })
  ).map((code) => String.fromCharCode(code)),
  maxLength: 20
})

const key = FastCheck.oneof(FastCheck.constantFrom(...names), FastCheck.string())

const numbers = FastCheck.oneof(
  FastCheck.integer(),
  FastCheck.double({ noNaN: true, noDefaultInfinity: true }),
  FastCheck.constantFrom(0, -0, 8.64e15, 8.64e15 + 2, -8.64e15, Number.MAX_SAFE_INTEGER, 1e300, 0.5)
)

const texts = FastCheck.oneof(
  FastCheck.string(),
  utf16,
  FastCheck.constantFrom("", "\0", "\uD800", "session", "token")
)

/** Any JSON, in which the names that the client looks for come up often. */
export const json: FastCheck.Arbitrary<Json> = FastCheck.letrec<{
  json: Json
  array: Array<Json>
  object: Record<string, Json>
}>((tie) => ({
  json: FastCheck.oneof(
    { depthSize: "small", withCrossShrink: true },
    FastCheck.constantFrom(null, true, false),
    numbers,
    texts,
    tie("array"),
    tie("object")
  ),
  array: FastCheck.array(tie("json"), { maxLength: 5 }),
  object: FastCheck.dictionary(key, tie("json"), { maxKeys: 6 })
})).json

interface Change {
  readonly path: ReadonlyArray<number>
  readonly how: { readonly put: Json } | "delete" | "double" | { readonly add: readonly [string, Json] }
}

const change: FastCheck.Arbitrary<Change> = FastCheck.record({
  path: FastCheck.array(FastCheck.nat(20), { maxLength: 4 }),
  how: FastCheck.oneof(
    FastCheck.record({ put: json }),
    FastCheck.constantFrom("delete" as const, "double" as const),
    FastCheck.record({ add: FastCheck.tuple(key, json) })
  )
})

const isObject = (value: Json): value is Clerk.JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isArray = (value: Json): value is ReadonlyArray<Json> => Array.isArray(value)

/** The value with one place in it changed; the numbers of the path say which way to turn at each level. */
const changed = (value: Json, { how, path }: Change): Json => {
  const [turn, ...rest] = path
  if (turn !== undefined && isArray(value) && value.length > 0) {
    const at = turn % value.length
    return value.flatMap((item, index) => (index === at ? changedWithin(item, { how, path: rest }) : [item]))
  }
  if (turn !== undefined && isObject(value)) {
    const keys = Object.keys(value)
    const name = keys[turn % keys.length]
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, item]) =>
        key === name
          ? changedWithin(item, { how, path: rest }).map((next) => [key, next] as const)
          : [[key, item] as const]
      )
    )
  }
  return changedWithin(value, { how, path: [] })[0] ?? null
}

/** No value, one or two in place of one. */
const changedWithin = (value: Json, { how, path }: Change): ReadonlyArray<Json> => {
  if (path.length > 0 && typeof value === "object" && value !== null) return [changed(value, { how, path })]
  if (how === "delete") return []
  if (how === "double") return [value, value]
  if ("put" in how) return [how.put]
  return [
    isObject(value)
      ? { ...value, [how.add[0]]: how.add[1] }
      : isArray(value)
        ? [...value, how.add[1]]
        : how.add[1]
  ]
}

const utf8 = new TextEncoder()
const written = (value: Json): Uint8Array => utf8.encode(JSON.stringify(value))

const bodies: FastCheck.Arbitrary<Answer["body"]> = FastCheck.oneof(
  FastCheck.uint8Array({ maxLength: 64 }).map((bytes) => () => bytes),
  utf16.map((text) => () => utf8.encode(text)),
  json.map((value) => () => written(value)),
  FastCheck.array(change, { minLength: 1, maxLength: 3 }).map(
    (changes) => (request: Seen) => written(changes.reduce<Json>(changed, Clerk.answerTo(request)))
  ),
  FastCheck.array(change, { minLength: 1, maxLength: 3 }).map(
    (changes) => () => written(changes.reduce<Json>(changed, Clerk.envelope))
  ),
  FastCheck.tuple(FastCheck.nat(1000), FastCheck.uint8Array({ maxLength: 3 })).map(
    ([at, bytes]) =>
      (request: Seen) => {
        const honest = written(Clerk.answerTo(request))
        const cut = at % (honest.length + 1)
        return Uint8Array.from([...honest.subarray(0, cut), ...bytes, ...honest.subarray(cut + bytes.length)])
      }
  )
)

/** What may stand in a header: no control characters, nothing beyond Latin-1. */
const headerText = FastCheck.string({
  unit: FastCheck.integer({ min: 0x20, max: 0xff })
    .filter((code) => code !== 0x7f)
    .map((code) => String.fromCodePoint(code))
})

const header = (...likely: ReadonlyArray<string>) =>
  FastCheck.oneof(FastCheck.constantFrom(...likely), headerText)

const anyHeaders = FastCheck.record(
  {
    "content-type": header(
      "application/json",
      "application/json; charset=utf-8",
      "text/html",
      "application/problem+json"
    ),
    "content-length": header("0", "1", "-1", "99999999999999999999", "1e3", "0x10"),
    "content-encoding": header("gzip", "identity"),
    "retry-after": header(
      "0",
      "1",
      "3601",
      "-1",
      "0.5",
      "1e9",
      "99999999999999999999",
      "Wed, 21 Oct 2015 07:28:00 GMT",
      "Fri, 31 Dec 9999 23:59:59 GMT"
    ),
    "clerk-trace-id": header("trace_1"),
    "cf-ray": header("ray"),
    location: header("/", "file:///etc/passwd", "https://clerk.example/"),
    "x-other": headerText
  },
  { requiredKeys: [] }
)

const headers: FastCheck.Arbitrary<Answer["headers"]> = FastCheck.oneof(
  { weight: 2, arbitrary: FastCheck.constant({}) },
  { weight: 1, arbitrary: anyHeaders }
)

const statuses = FastCheck.oneof(
  {
    weight: 3,
    arbitrary: FastCheck.constantFrom(
      200,
      201,
      204,
      302,
      304,
      400,
      401,
      403,
      404,
      408,
      409,
      422,
      429,
      500,
      502,
      503,
      521
    )
  },
  { weight: 1, arbitrary: FastCheck.integer({ min: 200, max: 599 }) },
  { weight: 1, arbitrary: FastCheck.constantFrom(100, 199, 600, 999) }
)

export const answer: FastCheck.Arbitrary<Answer> = FastCheck.record({
  status: FastCheck.oneof(FastCheck.constant(200), statuses),
  headers,
  body: bodies,
  sized: FastCheck.boolean()
})
