import type { Handler } from "../../support/faultServer.js"
/** Bodies that are not as documented. They run over one transport, because none looks into a body. */
import * as Respond from "../../support/respond.js"
import * as Wire from "../../support/wire.js"
import type { Json } from "../../support/wire.js"
import type { Row, Section } from "../table.js"

const { changed, complete, json } = Respond
const envelope = Wire.envelope()
const html = { "Content-Type": "text/html; charset=utf-8" }
const page = "<!doctype html><title>Web server is down</title>"

/** Nested arrays. */
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth)

/** An envelope with another value for `errors`. */
const errors = (status: number, value: Json) => json(status, { ...envelope, errors: value })

/** An envelope with this entry. */
const entry = (value: Json) => errors(422, [value])

const without = (name: string) =>
  changed((model) => Object.fromEntries(Object.entries(model).filter(([key]) => key !== name)))
const withField = (name: string, value: Json) => changed((model) => ({ ...model, [name]: value }))
const withActivity = (name: string, value: Json) =>
  changed((model) => ({
    ...model,
    latest_activity: { ...Wire.activity, [name]: value }
  }))

/** A success with an unknown field of these bytes, which need not be JSON. */
const withBytes =
  (value: string | Uint8Array): Handler =>
  (exchange) => {
    const marker = "PUT-IT-HERE"
    const [before = "", after = ""] = JSON.stringify(
      Wire.responseTo(exchange.request, (model) => ({ ...model, extra: marker }))
    ).split(`"${marker}"`)
    return complete(
      200,
      Buffer.concat([Buffer.from(before), Buffer.from(value), Buffer.from(after)])
    )(exchange)
  }

/** A success with text before its first field. */
const withFirst =
  (text: string): Handler =>
  (exchange) =>
    complete(
      200,
      JSON.stringify(Wire.responseTo(exchange.request, (model) => ({ "0": "first", ...model }))).replace(
        `"0":"first"`,
        text
      )
    )(exchange)

const sessionTexts = ["id", "user_id", "client_id", "status"]
const sessionTimes = ["last_active_at", "expire_at", "abandon_at", "updated_at", "created_at"]
const sessionOptions = ["actor", "last_active_organization_id", "latest_activity", "tasks"]
const activityOptions = ["device_type", "browser_name", "browser_version", "ip_address", "city", "country"]

// oxfmt-ignore
export const content: ReadonlyArray<Section> = [
  { about: "body: not what the API documents", rows: [
    ["truncated JSON",                      complete(200, `{"object":"session","id":"se`),         "DecodeError x1",    "DecodeError x1"],
    ["two JSON values",                     complete(200, "{}{}"),                                 "DecodeError x1",    "DecodeError x1"],
    ["HTML at 200",                         complete(200, page, html),                             "DecodeError x1",    "DecodeError x1"],
    ["HTML at 403",                         complete(403, page, html),                             "ApiError x1",       "ApiError x1"],
    ["HTML at 502",                         complete(502, page, html),                             "ApiError x3",       "ApiError x1"],
    ["HTML at 521",                         complete(521, page, html),                             "ApiError x3",       "ApiError x1"],
    ...["null", `"text"`, "7", "true", "-0", "1e400"].map((text): Row =>
      [text,                               complete(200, text),                         "DecodeError x1",    "DecodeError x1"]),
    ["{}",                                  complete(200, "{}"),                                   "DecodeError x1",    "DecodeError x1"],
    ["100,000 nested arrays",               complete(200, nested(100_000)),                        "DecodeError x1",    "DecodeError x1"],
    ["10 MB of text",                       complete(200, `"${"x".repeat(10_000_000)}"`),          "DecodeError x1",    "DecodeError x1"],
    ["20 MB of spaces and a success",       Respond.spaces(200, 20_000_000),                       "DecodeError x1",    "DecodeError x1"],
    ["20 MB of spaces at 403",              Respond.spaces(403, 20_000_000),                       "ApiError x1",       "ApiError x1"],
    ["invalid UTF-8",                       complete(200, Buffer.from([0xff, 0xfe, 0xc3, 0x28])),  "DecodeError x1",    "DecodeError x1"],
    ["an error envelope at 200",            json(200, envelope),                                   "DecodeError x1",    "DecodeError x1"],
  ] },
  { about: "body: an empty list", kinds: ["list", "page"], rows: [
    ["[]",                                  complete(200, "[]"),                                   "value x1",          "value x1"],
  ] },
  { about: "body: an empty list in place of an object", kinds: ["session", "token", "cookies"], rows: [
    ["[]",                                  complete(200, "[]"),                                   "DecodeError x1",    "DecodeError x1"],
  ] },
  { about: "body: unusual and valid", sameValue: true, rows: [
    ["unknown fields",                      withField("new_field", { a: [1, null] }),              "value x1",          "value x1"],
    ["10 MB of spaces and a success",       Respond.spaces(200, 10_000_000),                       "value x1",          "value x1"],
    ["a byte order mark",                   (exchange) => complete(200, `\uFEFF${JSON.stringify(Wire.responseTo(exchange.request))}`)(exchange), "value x1",          "value x1"],
    ["100,000 nested arrays in an unknown field", withBytes(nested(100_000)),                            "value x1",          "value x1"],
    ["invalid UTF-8 in an unknown field",   withBytes(Buffer.from([0x22, 0xff, 0xfe, 0x22])),      "value x1",          "value x1"],
    ["a __proto__ key",                     withFirst(`"__proto__":{"polluted":true}`),            "value x1",          "value x1"],
    ["a constructor key",                   withFirst(`"constructor":{"prototype":{"polluted":true}}`), "value x1",          "value x1"],
    ["duplicate keys",                      withFirst(`"object":"other","object":7`),              "value x1",          "value x1"],
    ["a success at 299",                    json(299, (request) => Wire.responseTo(request)),      "value x1",          "value x1"],
  ] },
  { about: "the error envelope", rows: [
    ["as documented, 400",                  json(400, envelope),                                   "ClerkErrors x1",    "ClerkErrors x1"],
    ["as documented, 401",                  json(401, envelope),                                   "Unauthorized x1",   "Unauthorized x1"],
    ["as documented, 404",                  json(404, envelope),                                   "NotFound x1",       "NotFound x1",       { without404: "ClerkErrors x1" }],
    ["as documented, 408",                  json(408, envelope),                                   "ClerkErrors x3",    "ClerkErrors x1"],
    ["as documented, 422",                  json(422, envelope),                                   "ClerkErrors x1",    "ClerkErrors x1"],
    ["as documented, 429",                  json(429, envelope),                                   "RateLimited x3",    "RateLimited x3"],
    ["as documented, 500",                  json(500, envelope),                                   "ApiError x3",       "ApiError x1"],
    ["errors: []",                          errors(422, []),                                       "ClerkErrors x1",    "ClerkErrors x1"],
    ["errors: null",                        errors(422, null),                                     "ApiError x1",       "ApiError x1"],
    ["errors: {}",                          errors(422, {}),                                       "ApiError x1",       "ApiError x1"],
    ["errors: text",                        errors(422, "no"),                                     "ApiError x1",       "ApiError x1"],
    ["errors: [text]",                      errors(422, ["no", "never"]),                          "ClerkErrors x1",    "ClerkErrors x1"],
    ["errors: [null]",                      errors(422, [null, null]),                             "ClerkErrors x1",    "ClerkErrors x1"],
    ["an empty entry",                      entry({}),                                             "ClerkErrors x1",    "ClerkErrors x1"],
    ["an entry without a code",             entry({ message: "m", long_message: "l" }),            "ClerkErrors x1",    "ClerkErrors x1"],
    ["an entry without a message",          entry({ code: "c", long_message: "l" }),               "ClerkErrors x1",    "ClerkErrors x1"],
    ["an entry without a long message",     entry({ code: "c", message: "m" }),                    "ClerkErrors x1",    "ClerkErrors x1"],
    ["a numeric code",                      entry({ code: 42, message: "m" }),                     "ClerkErrors x1",    "ClerkErrors x1"],
    ["meta: null in an entry",              entry({ code: "c", message: "m", meta: null }),        "ClerkErrors x1",    "ClerkErrors x1"],
    ["meta: text in an entry",              entry({ code: "c", message: "m", meta: "m" }),         "ClerkErrors x1",    "ClerkErrors x1"],
    ["unknown fields",                      entry({ code: "c", message: "m", new: [1] }),          "ClerkErrors x1",    "ClerkErrors x1"],
    ["meta: null in the envelope",          json(422, { ...envelope, meta: null }),                "ClerkErrors x1",    "ClerkErrors x1"],
    ["a numeric trace id",                  json(422, { ...envelope, clerk_trace_id: 7 }),         "ClerkErrors x1",    "ClerkErrors x1"],
    ["30,000 nested arrays in meta",        complete(422, `{"errors":[{"code":"c","message":"m","meta":{"deep":${nested(30_000)}}}]}`), "ClerkErrors x1",    "ClerkErrors x1"],
    ["a __proto__ key in meta",             complete(422, `{"errors":[{"code":"c","message":"m","meta":{"__proto__":{"polluted":true}}}]}`), "ClerkErrors x1",    "ClerkErrors x1"],
    ["fifty errors",                        errors(422, Array.from({ length: 50 }, (_, at) => ({ code: `c${at}`, message: "m" }))), "ClerkErrors x1",    "ClerkErrors x1"],
    ["an array in place of the envelope",   json(422, [envelope]),                                 "ApiError x1",       "ApiError x1"],
    ["problem+json",                        complete(422, `{"type":"about:blank","title":"No","status":422}`, { "Content-Type": "application/problem+json" }), "ApiError x1",       "ApiError x1"],
    [`{ error: ".." }`,                     json(403, { error: "no" }),                            "ApiError x1",       "ApiError x1"],
    ["the envelope as text/plain",          complete(422, JSON.stringify(envelope), { "Content-Type": "text/plain" }), "ClerkErrors x1",    "ClerkErrors x1"],
  ] },
  { about: "session", kinds: ["session", "list", "page"], rows: [
    ...["object", ...sessionTexts, ...sessionTimes].flatMap((field): ReadonlyArray<Row> => [
      [`no ${field}`,                       without(field),                                        "DecodeError x1",    "DecodeError x1"],
      [`${field}: null`,                    withField(field, null),                                "DecodeError x1",    "DecodeError x1"],
      [`${field}: true`,                    withField(field, true),                                "DecodeError x1",    "DecodeError x1"],
    ]),
    ...sessionOptions.flatMap((field): ReadonlyArray<Row> => [
      [`no ${field}`,                       without(field),                                        "value x1",          "value x1"],
      [`${field}: null`,                    withField(field, null),                                "value x1",          "value x1"],
      [`${field}: 7`,                       withField(field, 7),                                   "DecodeError x1",    "DecodeError x1"],
    ]),
    ...activityOptions.flatMap((field): ReadonlyArray<Row> => [
      [`${field}: null`,                    withActivity(field, null),                             "value x1",          "value x1"],
      [`${field}: 7`,                       withActivity(field, 7),                                "DecodeError x1",    "DecodeError x1"],
    ]),
    ["an unknown status",                   withField("status", "hibernating"),                    "value x1",          "value x1"],
    ["another object",                      withField("object", "user"),                           "DecodeError x1",    "DecodeError x1"],
    ...["id", "user_id", "client_id"].map((field): Row =>
      [`an empty ${field}`,                withField(field, ""),                      "DecodeError x1",    "DecodeError x1"]),
    ...sessionTimes.flatMap((field): ReadonlyArray<Row> => [
      [`${field} in seconds`,               withField(field, 1_700_000_000),                       "value x1",          "value x1"],
      [`${field}: 0`,                       withField(field, 0),                                   "value x1",          "value x1"],
      [`${field}: -1`,                      withField(field, -1),                                  "value x1",          "value x1"],
      [`${field}: a fraction`,              withField(field, 1_700_000_000_000.5),                 "DecodeError x1",    "DecodeError x1"],
      [`${field}: text`,                    withField(field, "1700000000000"),                     "DecodeError x1",    "DecodeError x1"],
      [`${field}: the last of Date`,        withField(field, 8_640_000_000_000_000),               "value x1",          "value x1"],
      [`${field}: beyond a Date`,           withField(field, 8_640_000_000_000_001),               "DecodeError x1",    "DecodeError x1"],
      [`${field}: far before a Date`,       withField(field, -9_007_199_254_740_991),              "DecodeError x1",    "DecodeError x1"],
      [`${field}: beyond safe integers`,    withField(field, 1e300),                               "DecodeError x1",    "DecodeError x1"],
    ]),
    ["a token in its place",                json(200, Wire.tokenFor),                              "DecodeError x1",    "DecodeError x1"],
  ] },
  { about: "session list, valid", kinds: ["list"], rows: [
    ["an unusual and valid item",           json(200, [{ ...Wire.session, status: "new", extra: 1, actor: null }]), "value x1",          "value x1"],
    ["items without a count",               json(200, { data: [Wire.session] }),                   "value x1",          "value x1"],
  ] },
  { about: "session page, valid", kinds: ["page"], rows: [
    ["an unusual and valid item",           json(200, { data: [{ ...Wire.session, status: "new", extra: 1, actor: null }], total_count: 1 }), "value x1",          "value x1"],
    ["a count that is null",                json(200, { data: [], total_count: null }),            "value x1",          "value x1"],
    ["a negative count",                    json(200, { data: [], total_count: -1 }),              "DecodeError x1",    "DecodeError x1"],
    ["a count that is text",                json(200, { data: [], total_count: "1" }),             "DecodeError x1",    "DecodeError x1"],
  ] },
  { about: "session list, invalid", kinds: ["list", "page"], rows: [
    ["one invalid item",                    json(200, [Wire.session, { ...Wire.session, id: 7 }, Wire.session]), "DecodeError x1",    "DecodeError x1"],
    ["an item that is null",                json(200, [Wire.session, null]),                       "DecodeError x1",    "DecodeError x1"],
    ["a session in place of the list",      json(200, Wire.session),                               "DecodeError x1",    "DecodeError x1"],
    ["data: null",                          json(200, { data: null, total_count: 0 }),             "DecodeError x1",    "DecodeError x1"],
  ] },
  { about: "token", kinds: ["token"], rows: [
    ["no jwt",                              without("jwt"),                                        "DecodeError x1",    "DecodeError x1"],
    ["an empty jwt",                        withField("jwt", ""),                                  "DecodeError x1",    "DecodeError x1"],
    ["jwt: null",                           withField("jwt", null),                                "DecodeError x1",    "DecodeError x1"],
    ["jwt: 7",                              withField("jwt", 7),                                   "DecodeError x1",    "DecodeError x1"],
    ["no object",                           without("object"),                                     "value x1",          "value x1"],
    ["another object",                      withField("object", "cookies"),                        "DecodeError x1",    "DecodeError x1"],
    ["cookies in its place",                json(200, Wire.cookiesFor),                            "DecodeError x1",    "DecodeError x1"],
  ] },
  { about: "cookies", kinds: ["cookies"], rows: [
    ["no cookies",                          without("cookies"),                                    "DecodeError x1",    "DecodeError x1"],
    ["cookies: null",                       withField("cookies", null),                            "DecodeError x1",    "DecodeError x1"],
    ["cookies: text",                       withField("cookies", "a=b"),                           "DecodeError x1",    "DecodeError x1"],
    ["cookies: [7]",                        withField("cookies", ["a=b", 7]),                      "DecodeError x1",    "DecodeError x1"],
    ["cookies: []",                         withField("cookies", []),                              "value x1",          "value x1"],
    ["another object",                      withField("object", "token"),                          "DecodeError x1",    "DecodeError x1"],
    ["a token in their place",              json(200, Wire.tokenFor),                              "DecodeError x1",    "DecodeError x1"],
  ] },
]
