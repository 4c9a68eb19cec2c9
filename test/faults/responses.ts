/** Arbitrary responses: bytes, JSON, and documented responses with changes. */
import { FastCheck } from "effect"

import * as Wire from "../support/wire.js"
import type { Json, JsonObject, Request } from "../support/wire.js"

/** A response. The body may depend on the request, so that it is close to what the operation expects. */
export interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: (request: Request) => Uint8Array
  /** Whether there is a correct `Content-Length`. */
  readonly sized: boolean
}

const names = [
  ...Object.keys(Wire.session),
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
  // Names with a meaning in JavaScript.
  "__proto__",
  "constructor",
  "toString",
  "length",
  "_tag",
  "then",
  ""
]

/** Any string of JavaScript, with lone surrogates. */
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

/** Any JSON, with many of the names that the client reads. */
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

const changes: FastCheck.Arbitrary<Change> = FastCheck.record({
  path: FastCheck.array(FastCheck.nat(20), { maxLength: 4 }),
  how: FastCheck.oneof(
    FastCheck.record({ put: json }),
    FastCheck.constantFrom("delete" as const, "double" as const),
    FastCheck.record({ add: FastCheck.tuple(key, json) })
  )
})

const isObject = (value: Json): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isArray = (value: Json): value is ReadonlyArray<Json> => Array.isArray(value)

/** Changes one place of a value. The numbers of the path choose among the items of each level. */
const change = (value: Json, { how, path }: Change): Json => {
  const [choice, ...rest] = path
  if (choice !== undefined && isArray(value) && value.length > 0) {
    const at = choice % value.length
    return value.flatMap((item, index) => (index === at ? changeWithin(item, { how, path: rest }) : [item]))
  }
  if (choice !== undefined && isObject(value)) {
    const keys = Object.keys(value)
    const name = keys[choice % keys.length]
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, item]) =>
        key === name
          ? changeWithin(item, { how, path: rest }).map((next) => [key, next] as const)
          : [[key, item] as const]
      )
    )
  }
  return changeWithin(value, { how, path: [] })[0] ?? null
}

/** Returns no value, one or two in place of one. */
const changeWithin = (value: Json, { how, path }: Change): ReadonlyArray<Json> => {
  if (path.length > 0 && typeof value === "object" && value !== null) return [change(value, { how, path })]
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
const encode = (value: Json): Uint8Array => utf8.encode(JSON.stringify(value))

const bodies: FastCheck.Arbitrary<Response["body"]> = FastCheck.oneof(
  FastCheck.uint8Array({ maxLength: 64 }).map((bytes) => () => bytes),
  utf16.map((text) => () => utf8.encode(text)),
  json.map((value) => () => encode(value)),
  FastCheck.array(changes, { minLength: 1, maxLength: 3 }).map(
    (changes) => (request: Request) => encode(changes.reduce<Json>(change, Wire.responseTo(request)))
  ),
  FastCheck.array(changes, { minLength: 1, maxLength: 3 }).map(
    (changes) => () => encode(changes.reduce<Json>(change, Wire.envelope()))
  ),
  FastCheck.tuple(FastCheck.nat(1000), FastCheck.uint8Array({ maxLength: 3 })).map(
    ([at, bytes]) =>
      (request: Request) => {
        const success = encode(Wire.responseTo(request))
        const end = at % (success.length + 1)
        return Uint8Array.from([
          ...success.subarray(0, end),
          ...bytes,
          ...success.subarray(end + bytes.length)
        ])
      }
  )
)

/** A header value: Latin-1 without control characters. */
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

const headers: FastCheck.Arbitrary<Response["headers"]> = FastCheck.oneof(
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

export const response: FastCheck.Arbitrary<Response> = FastCheck.record({
  status: FastCheck.oneof(FastCheck.constant(200), statuses),
  headers,
  body: bodies,
  sized: FastCheck.boolean()
})
