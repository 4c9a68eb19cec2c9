/**
 * How the client answers to each way of misbehaving.
 *
 * A row reads: what the server does; the behaviour that does it; how an operation that may be repeated ends, and after
 * how many requests; the same for `create` and `refresh`, which may not be repeated (only a 429, which means refused
 * unread, is). Every row runs against every operation that its section is about, over fetch and over undici, with at
 * most three attempts and hardly any delay between them.
 *
 * `NotFound` is what four operations document; `elsewhere` says how the same answer ends in list, listPage and refresh.
 * `undici` says how it ends over undici where that differs: only fetch unpacks gzip.
 */
import { gzipSync } from "node:zlib"

import * as B from "./behaviours.js"
import * as Clerk from "./clerk.js"
import type { Json, Kind } from "./clerk.js"
import type { Behaviour } from "./server.js"

export type Tag =
  | "value"
  | "ClerkErrors"
  | "Unauthorized"
  | "NotFound"
  | "RateLimited"
  | "ApiError"
  | "Timeout"
  | "TransportError"
  | "DecodeError"

/** How an operation ends, and after how many requests. */
export type Outcome = `${Tag} x${number}`

interface Exceptions {
  /** Over undici: for operations that may be repeated, and for those that may not. */
  readonly undici?: readonly [repeatable: Outcome, unrepeatable: Outcome]
  /** In operations that document no 404. */
  readonly elsewhere?: Outcome
  /** An honest call comes first, so that the case meets a connection from the pool. */
  readonly warm?: true
}

export type Row = readonly [
  what: string,
  server: Behaviour | "nobody listens",
  repeatable: Outcome,
  unrepeatable: Outcome,
  exceptions?: Exceptions
]

export interface Section {
  readonly about: string
  /** The time for one attempt; ample where nothing is said, so that only what hangs ever meets it. */
  readonly timeout?: "200 millis" | "1 second"
  /** The kinds of answer that it is about; all where nothing is said. */
  readonly kinds?: ReadonlyArray<Kind>
  /** About what an answer says and not how it comes, so that it is all one to the transport. */
  readonly content?: true
  /** Whether every value must be the one that an honest server gives. */
  readonly honest?: true
  readonly rows: ReadonlyArray<Row>
}

const { answer, bent, honest, inTurn, json, inSequence } = B
const { close, hang, reset } = B
const html = { "Content-Type": "text/html; charset=utf-8" }
const page = "<!doctype html><title>Web server is down</title>"

/** 50 MB, packed to 50 kB. */
const bomb = gzipSync(Buffer.alloc(50_000_000, 0x20))

/** A text of so many arrays in one another. */
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth)

/** The error envelope with something else in its place for errors. */
const errors = (status: number, value: Json) => json(status, { ...Clerk.envelope, errors: value })

/** The error envelope whose only entry is bent. */
const entry = (value: Json) => errors(422, [value])

const longAgo = "Wed, 21 Oct 2015 07:28:00 GMT"

const without = (name: string) =>
  bent((model) => Object.fromEntries(Object.entries(model).filter(([key]) => key !== name)))
const withField = (name: string, value: Json) => bent((model) => ({ ...model, [name]: value }))
const withActivity = (name: string, value: Json) =>
  bent((model) => ({
    ...model,
    latest_activity: { ...Clerk.activity, [name]: value }
  }))
/** Bytes in place of a marker, for what JSON.stringify would never write. */
const withBytes =
  (value: string | Uint8Array): Behaviour =>
  (exchange) => {
    const marker = "PUT-IT-HERE"
    const [before = "", after = ""] = JSON.stringify(
      Clerk.answerTo(exchange.request, (model) => ({ ...model, extra: marker }))
    ).split(`"${marker}"`)
    return answer(200, Buffer.concat([Buffer.from(before), Buffer.from(value), Buffer.from(after)]))(exchange)
  }
/** Text put in front of the honest fields, inside the object. */
const withFirst =
  (text: string): Behaviour =>
  (exchange) =>
    answer(
      200,
      JSON.stringify(Clerk.answerTo(exchange.request, (model) => ({ "0": "first", ...model }))).replace(
        `"0":"first"`,
        text
      )
    )(exchange)

const sessionTexts = ["id", "user_id", "client_id", "status"]
const sessionTimes = ["last_active_at", "expire_at", "abandon_at", "updated_at", "created_at"]
const sessionOptions = ["actor", "last_active_organization_id", "latest_activity", "tasks"]
const activityOptions = ["device_type", "browser_name", "browser_version", "ip_address", "city", "country"]

// oxfmt-ignore
export const table: ReadonlyArray<Section> = [
  { about: "time: what hangs", timeout: "200 millis", honest: true, rows: [
    ["no answer",                          hang,                                      "Timeout x3",        "Timeout x1"],
    ["half the headers",                   inSequence(B.halfTheHeaders, hang),              "Timeout x3",        "Timeout x1"],
    ["half the body",                      inSequence(B.halfTheBody, hang),                 "Timeout x3",        "Timeout x1"],
    ["half a chunk",                       inSequence(B.halfAChunk, hang),                  "Timeout x3",        "Timeout x1"],
    ["every chunk but the last",           inSequence(B.noLastChunk, hang),                 "Timeout x3",        "Timeout x1"],
    ["a body that drips for ever",         B.drip,                                    "Timeout x3",        "Timeout x1"],
    ["a length too long by one",           inSequence(B.lengthOffBy(1), hang),              "Timeout x3",        "Timeout x1"],
    ["half an error envelope",             inSequence(B.raw("HTTP/1.1 422 \r\nContent-Length: 99\r\n\r\n{"), hang), "Timeout x3", "Timeout x1"],
    ["20 MB announced and not sent",       inSequence(B.raw("HTTP/1.1 200 \r\nContent-Length: 20000000\r\n\r\n"), hang), "Timeout x3", "Timeout x1"],
    ["20 MB announced at 403",             inSequence(B.raw("HTTP/1.1 403 \r\nContent-Length: 20000000\r\n\r\n{"), hang), "Timeout x3", "Timeout x1"],
  ] },
  { about: "time: what hangs once", timeout: "1 second", honest: true, rows: [
    ["hangs, then heals",                  inTurn(hang, honest),                      "value x2",          "Timeout x1"],
  ] },
  { about: "time: slow but whole", honest: true, rows: [
    ["headers and body in pieces",         B.slowButWhole,                            "value x1",          "value x1"],
  ] },
  { about: "connection", honest: true, rows: [
    ["refused",                            "nobody listens",                          "TransportError x3", "TransportError x1"],
    ["closed before the answer",           close,                                     "TransportError x3", "TransportError x1"],
    ["reset before the answer",            reset,                                     "TransportError x3", "TransportError x1"],
    ["closed in the headers",              inSequence(B.halfTheHeaders, close),             "TransportError x3", "TransportError x1"],
    ["reset in the headers",               inSequence(B.halfTheHeaders, reset),             "TransportError x3", "TransportError x1"],
    ["closed in the body",                 inSequence(B.halfTheBody, close),                "TransportError x3", "TransportError x1"],
    ["reset in the body",                  inSequence(B.halfTheBody, reset),                "TransportError x3", "TransportError x1"],
    ["closed in a chunk",                  inSequence(B.halfAChunk, close),                 "TransportError x3", "TransportError x1"],
    ["reset in a chunk",                   inSequence(B.halfAChunk, reset),                 "TransportError x3", "TransportError x1"],
    ["closed before the last chunk",       inSequence(B.noLastChunk, close),                "TransportError x3", "TransportError x1"],
    ["reset before the last chunk",        inSequence(B.noLastChunk, reset),                "TransportError x3", "TransportError x1"],
    ["reset, then heals",                  inTurn(reset, honest),                     "value x2",          "TransportError x1"],
    ["a pooled connection reset on reuse", B.onReuse(reset),                          "value x2",          "TransportError x1", { warm: true }],
    ["a pooled connection closed on reuse", B.onReuse(close),                         "value x2",          "TransportError x1", { warm: true }],
    ["a connection closed after use",      inSequence(honest, close),                       "value x1",          "value x1",          { warm: true }],
    ["reset after part of an error body",  inSequence(B.raw("HTTP/1.1 422 \r\nContent-Length: 99\r\n\r\n{"), reset), "TransportError x3", "TransportError x1"],
  ] },
  { about: "HTTP: framing", honest: true, rows: [
    ["a length too long by one, closed",   inSequence(B.lengthOffBy(1), close),             "TransportError x3", "TransportError x1"],
    ["a length too short by one",          B.lengthOffBy(-1),                         "DecodeError x1",    "DecodeError x1"],
    ["no length, closed at the end",       inSequence(B.framedBy({}), close),               "value x1",          "value x1"],
    ["no length, reset at the end",        inSequence(B.framedBy({}), reset),               "value x1",          "value x1"],
    ["two lengths",                        B.framedBy({ "Content-Length": ["5", "6"] }), "TransportError x3", "TransportError x1"],
    ["a length of letters",                B.framedBy({ "Content-Length": "many" }),  "TransportError x3", "TransportError x1"],
    ["a negative length",                  B.framedBy({ "Content-Length": "-1" }),    "TransportError x3", "TransportError x1"],
    ["a length and chunks",                B.framedBy({ "Content-Length": "2", "Transfer-Encoding": "chunked" }), "TransportError x3", "TransportError x1"],
    ["a chunk size of letters",            B.badChunkSize,                            "TransportError x3", "TransportError x1"],
    ["not HTTP at all",                    B.raw("SSH-2.0-OpenSSH_9.6\r\n"),          "TransportError x3", "TransportError x1"],
    ["20 kB of headers",                   B.honestWith({ "X-Huge": "x".repeat(20_000) }), "TransportError x3", "TransportError x1"],
    ["8 kB of headers",                    B.honestWith({ "X-Large": "x".repeat(8000) }), "value x1",      "value x1"],
    ["102 and 103 before the answer",      B.after("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), "value x1", "value x1"],
    ["100 before the answer",              B.after("HTTP/1.1 100 Continue\r\n\r\n"),  "TransportError x3", "TransportError x1"],
    ["101 in place of an answer",          B.raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: tls\r\nConnection: upgrade\r\n\r\n"), "TransportError x3", "TransportError x1"],
    ["another media type's parameters",    B.honestWith({ "Content-Type": "application/json; charset=utf-8; v=1" }), "value x1", "value x1"],
    ["no media type",                      B.honestWith({ "Content-Type": "" }),      "value x1",          "value x1"],
  ] },
  { about: "HTTP: packing", honest: true, rows: [
    ["gzip, whole",                        B.gzipped(200, (request) => gzipSync(JSON.stringify(Clerk.answerTo(request)))),                 "value x1", "value x1", { undici: ["DecodeError x1", "DecodeError x1"] }],
    ["gzip, corrupt",                      B.gzipped(200, () => Buffer.from("this is no gzip")),     "TransportError x3", "TransportError x1", { undici: ["DecodeError x1", "DecodeError x1"] }],
    ["gzip, cut short",                    B.gzipped(200, (request) => gzipSync(JSON.stringify(Clerk.answerTo(request))).subarray(0, 60)), "DecodeError x1", "DecodeError x1"],
    ["gzip, a bomb of 50 MB",              B.gzipped(200, () => bomb),                "DecodeError x1",    "DecodeError x1"],
    ["gzip, an error envelope",            B.gzipped(422, () => gzipSync(JSON.stringify(Clerk.envelope))),         "ClerkErrors x1",   "ClerkErrors x1", { undici: ["ApiError x1", "ApiError x1"] }],
    ["an unknown packing",                 B.honestWith({ "Content-Encoding": "magic" }), "value x1",      "value x1"],
  ] },
  { about: "HTTP: statuses with nothing in them", rows: [
    ...[200, 201, 202, 204, 205].map((status): Row =>
      [`${status}, empty`,                 answer(status, ""),                        "DecodeError x1",    "DecodeError x1"]),
    ...[400, 403, 409, 410, 418, 422].map((status): Row =>
      [`${status}, empty`,                 answer(status, ""),                        "ApiError x1",       "ApiError x1"]),
    ["401, empty",                         answer(401, ""),                           "Unauthorized x1",   "Unauthorized x1"],
    ["404, empty",                         answer(404, ""),                           "NotFound x1",       "NotFound x1",       { elsewhere: "ApiError x1" }],
    ["408, empty",                         answer(408, ""),                           "ApiError x3",       "ApiError x1"],
    ["429, empty",                         answer(429, ""),                           "RateLimited x3",    "RateLimited x3"],
    ...[500, 502, 503, 504, 521, 599].map((status): Row =>
      [`${status}, empty`,                 answer(status, ""),                        "ApiError x3",       "ApiError x1"]),
  ] },
  { about: "HTTP: redirects are answers, not directions", rows: [300, 301, 302, 303, 304, 307, 308].flatMap((status): ReadonlyArray<Row> => [
    [`${status} to another server`,      B.redirect(status, ({ elsewhere }) => `${elsewhere}/v1/sessions`), "ApiError x1", "ApiError x1"],
    [`${status} to the same server`,     B.redirect(status, "/v1/other"),           "ApiError x1",       "ApiError x1"],
    [`${status} to itself`,              B.redirect(status, ({ request }) => request.target), "ApiError x1", "ApiError x1"],
    [`${status} without a Location`,     B.redirect(status),                        "ApiError x1",       "ApiError x1"],
    [`${status} to file:`,               B.redirect(status, "file:///etc/passwd"),  "ApiError x1",       "ApiError x1"],
  ]) },
  { about: "body: none of it is an answer of Clerk", rows: [
    ["cut-off JSON",                       answer(200, `{"object":"session","id":"se`), "DecodeError x1",  "DecodeError x1"],
    ["two JSON values",                    answer(200, "{}{}"),                       "DecodeError x1",    "DecodeError x1"],
    ["HTML at 200",                        answer(200, page, html),                   "DecodeError x1",    "DecodeError x1"],
    ["HTML at 403",                        answer(403, page, html),                   "ApiError x1",       "ApiError x1"],
    ["HTML at 502",                        answer(502, page, html),                   "ApiError x3",       "ApiError x1"],
    ["HTML at 521",                        answer(521, page, html),                   "ApiError x3",       "ApiError x1"],
    ...["null", `"text"`, "7", "true", "-0", "1e400"].map((text): Row =>
      [text,                               answer(200, text),                         "DecodeError x1",    "DecodeError x1"]),
    ["{}",                                 answer(200, "{}"),                         "DecodeError x1",    "DecodeError x1"],
    ["100,000 nested arrays",              answer(200, nested(100_000)),              "DecodeError x1",    "DecodeError x1"],
    ["10 MB of text",                      answer(200, `"${"x".repeat(10_000_000)}"`), "DecodeError x1",   "DecodeError x1"],
    ["20 MB of spaces and an answer",      B.spaces(200, 20_000_000),                 "DecodeError x1",    "DecodeError x1"],
    ["20 MB of spaces at 403",             B.spaces(403, 20_000_000),                 "ApiError x1",       "ApiError x1"],
    ["invalid UTF-8",                      answer(200, Buffer.from([0xff, 0xfe, 0xc3, 0x28])), "DecodeError x1", "DecodeError x1"],
    ["an error envelope at 200",           json(200, Clerk.envelope),                 "DecodeError x1",    "DecodeError x1"],
  ] },
  { about: "body: an empty list", kinds: ["list", "page"], rows: [
    ["[]",                                 answer(200, "[]"),                         "value x1",          "value x1"],
  ] },
  { about: "body: an empty list where none is due", kinds: ["session", "token", "cookies"], rows: [
    ["[]",                                 answer(200, "[]"),                         "DecodeError x1",    "DecodeError x1"],
  ] },
  { about: "body: odd but whole", honest: true, rows: [
    ["10 MB of spaces and an answer",      B.spaces(200, 10_000_000),                 "value x1",          "value x1"],
    ["a byte order mark",                  (exchange) => answer(200, `\uFEFF${JSON.stringify(Clerk.answerTo(exchange.request))}`)(exchange), "value x1", "value x1"],
    ["unknown fields",                     withField("new_field", { a: [1, null] }),  "value x1",          "value x1"],
    ["100,000 nested arrays in an unknown field", withBytes(nested(100_000)),         "value x1",          "value x1"],
    ["invalid UTF-8 in an unknown field",  withBytes(Buffer.from([0x22, 0xff, 0xfe, 0x22])), "value x1",   "value x1"],
    ["a __proto__ key",                    withFirst(`"__proto__":{"polluted":true}`), "value x1",         "value x1"],
    ["a constructor key",                  withFirst(`"constructor":{"prototype":{"polluted":true}}`), "value x1", "value x1"],
    ["duplicate keys",                     withFirst(`"object":"other","object":7`),  "value x1",          "value x1"],
    ["an answer at 299",                   json(299, (request) => Clerk.answerTo(request)), "value x1",    "value x1"],
  ] },
  { about: "Clerk's envelope, bent", content: true, rows: [
    ["as documented, 400",                 json(400, Clerk.envelope),                 "ClerkErrors x1",    "ClerkErrors x1"],
    ["as documented, 401",                 json(401, Clerk.envelope),                 "Unauthorized x1",   "Unauthorized x1"],
    ["as documented, 404",                 json(404, Clerk.envelope),                 "NotFound x1",       "NotFound x1",       { elsewhere: "ClerkErrors x1" }],
    ["as documented, 408",                 json(408, Clerk.envelope),                 "ClerkErrors x3",    "ClerkErrors x1"],
    ["as documented, 422",                 json(422, Clerk.envelope),                 "ClerkErrors x1",    "ClerkErrors x1"],
    ["as documented, 429",                 json(429, Clerk.envelope),                 "RateLimited x3",    "RateLimited x3"],
    ["as documented, 500",                 json(500, Clerk.envelope),                 "ApiError x3",       "ApiError x1"],
    ["errors: []",                         errors(422, []),                           "ClerkErrors x1",    "ClerkErrors x1"],
    ["errors: null",                       errors(422, null),                         "ApiError x1",       "ApiError x1"],
    ["errors: {}",                         errors(422, {}),                           "ApiError x1",       "ApiError x1"],
    ["errors: text",                       errors(422, "no"),                         "ApiError x1",       "ApiError x1"],
    ["errors: [text]",                     errors(422, ["no", "never"]),              "ClerkErrors x1",    "ClerkErrors x1"],
    ["errors: [null]",                     errors(422, [null, null]),                 "ClerkErrors x1",    "ClerkErrors x1"],
    ["an entry of nothing",                entry({}),                                 "ClerkErrors x1",    "ClerkErrors x1"],
    ["an entry without a code",            entry({ message: "m", long_message: "l" }), "ClerkErrors x1",   "ClerkErrors x1"],
    ["an entry without a message",         entry({ code: "c", long_message: "l" }),   "ClerkErrors x1",    "ClerkErrors x1"],
    ["an entry without a long message",    entry({ code: "c", message: "m" }),        "ClerkErrors x1",    "ClerkErrors x1"],
    ["a numeric code",                     entry({ code: 42, message: "m" }),         "ClerkErrors x1",    "ClerkErrors x1"],
    ["meta: null in an entry",             entry({ code: "c", message: "m", meta: null }), "ClerkErrors x1", "ClerkErrors x1"],
    ["meta: text in an entry",             entry({ code: "c", message: "m", meta: "m" }), "ClerkErrors x1", "ClerkErrors x1"],
    ["unknown fields",                     entry({ code: "c", message: "m", new: [1] }), "ClerkErrors x1", "ClerkErrors x1"],
    ["meta: null in the envelope",         json(422, { ...Clerk.envelope, meta: null }), "ClerkErrors x1", "ClerkErrors x1"],
    ["a numeric trace id",                 json(422, { ...Clerk.envelope, clerk_trace_id: 7 }), "ClerkErrors x1", "ClerkErrors x1"],
    ["30,000 nested arrays in meta",       answer(422, `{"errors":[{"code":"c","message":"m","meta":{"deep":${nested(30_000)}}}]}`), "ClerkErrors x1", "ClerkErrors x1"],
    ["a __proto__ key in meta",            answer(422, `{"errors":[{"code":"c","message":"m","meta":{"__proto__":{"polluted":true}}}]}`), "ClerkErrors x1", "ClerkErrors x1"],
    ["fifty errors",                       errors(422, Array.from({ length: 50 }, (_, at) => ({ code: `c${at}`, message: "m" }))), "ClerkErrors x1", "ClerkErrors x1"],
    ["an array in place of the envelope",  json(422, [Clerk.envelope]),               "ApiError x1",       "ApiError x1"],
    ["problem+json",                       answer(422, `{"type":"about:blank","title":"No","status":422}`, { "Content-Type": "application/problem+json" }), "ApiError x1", "ApiError x1"],
    [`{ error: ".." }`,                    json(403, { error: "no" }),                "ApiError x1",       "ApiError x1"],
    ["the envelope as text/plain",         answer(422, JSON.stringify(Clerk.envelope), { "Content-Type": "text/plain" }), "ClerkErrors x1", "ClerkErrors x1"],
  ] },
  { about: "the request handed back", rows: [
    ["in an envelope at 400",              B.echoEnvelope(400),                       "ClerkErrors x1",    "ClerkErrors x1"],
    ["in an envelope at 401",              B.echoEnvelope(401),                       "Unauthorized x1",   "Unauthorized x1"],
    ["in an envelope at 404",              B.echoEnvelope(404),                       "NotFound x1",       "NotFound x1",       { elsewhere: "ClerkErrors x1" }],
    ["in an envelope at 429",              B.echoEnvelope(429),                       "RateLimited x3",    "RateLimited x3"],
    ["in an envelope at 500",              B.echoEnvelope(500),                       "ApiError x3",       "ApiError x1"],
    ["in an envelope at 200",              B.echoEnvelope(200),                       "DecodeError x1",    "DecodeError x1"],
    ["in a page at 403",                   B.echoText(403),                           "ApiError x1",       "ApiError x1"],
    ["in a page at 502",                   B.echoText(502),                           "ApiError x3",       "ApiError x1"],
    ["in a page at 200",                   B.echoText(200),                           "DecodeError x1",    "DecodeError x1"],
    ["in headers at 422",                  B.echoHeaders(422, { errors: [] }),        "ClerkErrors x1",    "ClerkErrors x1"],
    ["in headers at 500",                  B.echoHeaders(500, {}),                    "ApiError x3",       "ApiError x1"],
    ["in headers at 302",                  B.echoHeaders(302, {}),                    "ApiError x1",       "ApiError x1"],
    ["a good answer at 500",               json(500, (request) => Clerk.answerTo(request)), "ApiError x3", "ApiError x1"],
    ["a good answer at 403",               json(403, (request) => Clerk.answerTo(request)), "ApiError x1", "ApiError x1"],
  ] },
  { about: "session", content: true, kinds: ["session", "list", "page"], rows: [
    ...["object", ...sessionTexts, ...sessionTimes].flatMap((field): ReadonlyArray<Row> => [
      [`no ${field}`,                      without(field),                            "DecodeError x1",    "DecodeError x1"],
      [`${field}: null`,                   withField(field, null),                    "DecodeError x1",    "DecodeError x1"],
      [`${field}: true`,                   withField(field, true),                    "DecodeError x1",    "DecodeError x1"],
    ]),
    ...sessionOptions.flatMap((field): ReadonlyArray<Row> => [
      [`no ${field}`,                      without(field),                            "value x1",          "value x1"],
      [`${field}: null`,                   withField(field, null),                    "value x1",          "value x1"],
      [`${field}: 7`,                      withField(field, 7),                       "DecodeError x1",    "DecodeError x1"],
    ]),
    ...activityOptions.flatMap((field): ReadonlyArray<Row> => [
      [`${field}: null`,                   withActivity(field, null),                 "value x1",          "value x1"],
      [`${field}: 7`,                      withActivity(field, 7),                    "DecodeError x1",    "DecodeError x1"],
    ]),
    ["an unknown status",                  withField("status", "hibernating"),        "value x1",          "value x1"],
    ["another object",                     withField("object", "user"),               "DecodeError x1",    "DecodeError x1"],
    ...["id", "user_id", "client_id"].map((field): Row =>
      [`an empty ${field}`,                withField(field, ""),                      "DecodeError x1",    "DecodeError x1"]),
    ...sessionTimes.flatMap((field): ReadonlyArray<Row> => [
      [`${field} in seconds`,              withField(field, 1_700_000_000),           "value x1",          "value x1"],
      [`${field}: 0`,                      withField(field, 0),                       "value x1",          "value x1"],
      [`${field}: -1`,                     withField(field, -1),                      "value x1",          "value x1"],
      [`${field}: a fraction`,             withField(field, 1_700_000_000_000.5),     "DecodeError x1",    "DecodeError x1"],
      [`${field}: a text`,                 withField(field, "1700000000000"),         "DecodeError x1",    "DecodeError x1"],
      [`${field}: the last a Date holds`,  withField(field, 8_640_000_000_000_000),   "value x1",          "value x1"],
      [`${field}: beyond a Date`,          withField(field, 8_640_000_000_000_001),   "DecodeError x1",    "DecodeError x1"],
      [`${field}: far before a Date`,      withField(field, -9_007_199_254_740_991),  "DecodeError x1",    "DecodeError x1"],
      [`${field}: beyond safe integers`,   withField(field, 1e300),                   "DecodeError x1",    "DecodeError x1"],
    ]),
    ["a token in its place",               json(200, Clerk.tokenFor),                  "DecodeError x1",    "DecodeError x1"],
  ] },
  { about: "session list, good", content: true, kinds: ["list"], rows: [
    ["an odd but legal row",               json(200, [{ ...Clerk.session, status: "new", extra: 1, actor: null }]), "value x1", "value x1"],
    ["rows without a count",               json(200, { data: [Clerk.session] }),      "value x1",          "value x1"],
  ] },
  { about: "session page, good", content: true, kinds: ["page"], rows: [
    ["an odd but legal row",               json(200, { data: [{ ...Clerk.session, status: "new", extra: 1, actor: null }], total_count: 1 }), "value x1", "value x1"],
    ["a count that is null",               json(200, { data: [], total_count: null }), "value x1",         "value x1"],
    ["a negative count",                   json(200, { data: [], total_count: -1 }),  "DecodeError x1",    "DecodeError x1"],
    ["a count in letters",                 json(200, { data: [], total_count: "1" }), "DecodeError x1",    "DecodeError x1"],
  ] },
  { about: "session list, bad", content: true, kinds: ["list", "page"], rows: [
    ["one bad row",                        json(200, [Clerk.session, { ...Clerk.session, id: 7 }, Clerk.session]), "DecodeError x1", "DecodeError x1"],
    ["a row that is null",                 json(200, [Clerk.session, null]),          "DecodeError x1",    "DecodeError x1"],
    ["a session in place of the list",     json(200, Clerk.session),                  "DecodeError x1",    "DecodeError x1"],
    ["data: null",                         json(200, { data: null, total_count: 0 }), "DecodeError x1",    "DecodeError x1"],
  ] },
  { about: "token", content: true, kinds: ["token"], rows: [
    ["no jwt",                             without("jwt"),                            "DecodeError x1",    "DecodeError x1"],
    ["an empty jwt",                       withField("jwt", ""),                      "DecodeError x1",    "DecodeError x1"],
    ["jwt: null",                          withField("jwt", null),                    "DecodeError x1",    "DecodeError x1"],
    ["jwt: 7",                             withField("jwt", 7),                       "DecodeError x1",    "DecodeError x1"],
    ["no object",                          without("object"),                         "value x1",          "value x1"],
    ["another object",                     withField("object", "cookies"),            "DecodeError x1",    "DecodeError x1"],
    ["cookies in its place",               json(200, Clerk.cookiesFor), "DecodeError x1", "DecodeError x1"],
  ] },
  { about: "cookies", content: true, kinds: ["cookies"], rows: [
    ["no cookies",                         without("cookies"),                        "DecodeError x1",    "DecodeError x1"],
    ["cookies: null",                      withField("cookies", null),                "DecodeError x1",    "DecodeError x1"],
    ["cookies: text",                      withField("cookies", "a=b"),               "DecodeError x1",    "DecodeError x1"],
    ["cookies: [7]",                       withField("cookies", ["a=b", 7]),          "DecodeError x1",    "DecodeError x1"],
    ["cookies: []",                        withField("cookies", []),                  "value x1",          "value x1"],
    ["another object",                     withField("object", "token"),              "DecodeError x1",    "DecodeError x1"],
    ["a token in their place",             json(200, Clerk.tokenFor), "DecodeError x1", "DecodeError x1"],
  ] },
  { about: "retry", honest: true, rows: [
    ...[429, 503].flatMap((status): ReadonlyArray<Row> => {
      const all: Outcome = status === 429 ? "RateLimited x3" : "ApiError x3"
      const unrepeated: Outcome = status === 429 ? "RateLimited x3" : "ApiError x1"
      const once: Outcome = status === 429 ? "RateLimited x1" : "ApiError x1"
      const after = (value: string | ReadonlyArray<string>) => answer(status, "", { "Retry-After": value })
      return [
        [`${status}, Retry-After: 0`,        after("0"),                              all,                 unrepeated],
        [`${status}, Retry-After: an hour`,  after("3600"),                           once,                once],
        [`${status}, Retry-After: a past date`, after(longAgo),                       all,                 unrepeated],
        [`${status}, Retry-After: a far date`, after("Fri, 31 Dec 9999 23:59:59 GMT"), once,               once],
        [`${status}, Retry-After: garbage`,  after("soon"),                           all,                 unrepeated],
        [`${status}, Retry-After: negative`, after("-5"),                             all,                 unrepeated],
        [`${status}, Retry-After: huge`,     after("9".repeat(400)),                  once,                once],
        [`${status}, Retry-After: empty`,    after(""),                               all,                 unrepeated],
        [`${status}, Retry-After: twice`,    after(["0", "0"]),                       all,                 unrepeated],
      ]
    }),
    ["heals after two 429",                inTurn(answer(429, ""), answer(429, ""), honest), "value x3",   "value x3"],
    ["heals after 503 and a reset",        inTurn(answer(503, ""), reset, honest),    "value x3",          "ApiError x1"],
    ["429, then a reset, then heals",      inTurn(answer(429, ""), reset, honest),    "value x3",          "TransportError x2"],
    ["503, then a refusal for good",       inTurn(answer(503, ""), json(422, Clerk.envelope)), "ClerkErrors x2", "ApiError x1"],
    ["heals one request too late",         inTurn(answer(429, ""), answer(429, ""), answer(429, ""), honest), "RateLimited x3", "RateLimited x3"],
    ["done, and the answer lost",          inTurn(inSequence(B.halfTheBody, reset), honest), "value x2",         "TransportError x1"],
  ] },
]
