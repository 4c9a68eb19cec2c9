/** Faults of servers, connections and HTTP. They run over every transport. */
import { gzipSync } from "node:zlib"

import * as Respond from "../../support/respond.js"
import * as Wire from "../../support/wire.js"
import type { Outcome, Row, Section } from "../table.js"

const { close, complete, hang, inSequence, inTurn, json, reset, success } = Respond
const envelope = Wire.envelope()

/** 50 MB, compressed to 50 kB. */
const bomb = gzipSync(Buffer.alloc(50_000_000, 0x20))

const longAgo = "Wed, 21 Oct 2015 07:28:00 GMT"

// oxfmt-ignore
export const transport: ReadonlyArray<Section> = [
  { about: "a server that hangs", timeout: "200 millis", sameValue: true, rows: [
    ["no response",                         hang,                                                  "Timeout x3",        "Timeout x1"],
    ["half the headers",                    inSequence(Respond.halfTheHeaders, hang),              "Timeout x3",        "Timeout x1"],
    ["half the body",                       inSequence(Respond.halfTheBody, hang),                 "Timeout x3",        "Timeout x1"],
    ["half a chunk",                        inSequence(Respond.halfAChunk, hang),                  "Timeout x3",        "Timeout x1"],
    ["every chunk but the last",            inSequence(Respond.noLastChunk, hang),                 "Timeout x3",        "Timeout x1"],
    ["a body without end",                  Respond.drip,                                          "Timeout x3",        "Timeout x1"],
    ["a length too long by one",            inSequence(Respond.lengthOffBy(1), hang),              "Timeout x3",        "Timeout x1"],
    ["half an error envelope",              inSequence(Respond.raw("HTTP/1.1 422 \r\nContent-Length: 99\r\n\r\n{"), hang), "Timeout x3",        "Timeout x1"],
    ["20 MB promised and not sent",         inSequence(Respond.raw("HTTP/1.1 200 \r\nContent-Length: 20000000\r\n\r\n"), hang), "Timeout x3",        "Timeout x1"],
    ["20 MB promised at 403",               inSequence(Respond.raw("HTTP/1.1 403 \r\nContent-Length: 20000000\r\n\r\n{"), hang), "Timeout x3",        "Timeout x1"],
  ] },
  { about: "a server that hangs once", timeout: "5 seconds", sameValue: true, rows: [
    ["hangs, then succeeds",                inTurn(hang, success),                                 "value x2",          "Timeout x1"],
  ] },
  { about: "a slow server", sameValue: true, rows: [
    ["headers and body in pieces",          Respond.slowSuccess,                                   "value x1",          "value x1"],
  ] },
  { about: "connection", sameValue: true, rows: [
    ["refused",                             "no server",                                           "TransportError x3", "TransportError x3"],
    ["closed before the headers",           close,                                                 "TransportError x3", "TransportError x1"],
    ["reset before the headers",            reset,                                                 "TransportError x3", "TransportError x1"],
    ["closed in the headers",               inSequence(Respond.halfTheHeaders, close),             "TransportError x3", "TransportError x1"],
    ["reset in the headers",                inSequence(Respond.halfTheHeaders, reset),             "TransportError x3", "TransportError x1"],
    ["closed in the body",                  inSequence(Respond.halfTheBody, close),                "TransportError x3", "TransportError x1"],
    ["reset in the body",                   inSequence(Respond.halfTheBody, reset),                "TransportError x3", "TransportError x1"],
    ["closed in a chunk",                   inSequence(Respond.halfAChunk, close),                 "TransportError x3", "TransportError x1"],
    ["reset in a chunk",                    inSequence(Respond.halfAChunk, reset),                 "TransportError x3", "TransportError x1"],
    ["closed before the last chunk",        inSequence(Respond.noLastChunk, close),                "TransportError x3", "TransportError x1"],
    ["reset before the last chunk",         inSequence(Respond.noLastChunk, reset),                "TransportError x3", "TransportError x1"],
    ["reset, then succeeds",                inTurn(reset, success),                                "value x2",          "TransportError x1"],
    ["a pooled connection reset on reuse",  Respond.onReuse(reset),                                "value x2",          "TransportError x1", { warm: true }],
    ["a pooled connection closed on reuse", Respond.onReuse(close),                                "value x2",          "TransportError x1", { warm: true }],
    ["a connection closed after use",       inSequence(success, close),                            "value x1",          "value x1",          { warm: true }],
    ["reset after part of an error body",   inSequence(Respond.raw("HTTP/1.1 422 \r\nContent-Length: 99\r\n\r\n{"), reset), "TransportError x3", "TransportError x1"],
  ] },
  { about: "HTTP: framing", sameValue: true, rows: [
    ["a length too long by one, closed",    inSequence(Respond.lengthOffBy(1), close),             "TransportError x3", "TransportError x1"],
    ["a length too short by one",           Respond.lengthOffBy(-1),                               "DecodeError x1",    "DecodeError x1"],
    ["no length, closed at the end",        inSequence(Respond.framedBy({}), close),               "value x1",          "value x1"],
    ["no length, reset at the end",         inSequence(Respond.framedBy({}), reset),               "value x1",          "value x1"],
    ["two lengths",                         Respond.framedBy({ "Content-Length": ["5", "6"] }),    "TransportError x3", "TransportError x1"],
    ["a length of letters",                 Respond.framedBy({ "Content-Length": "many" }),        "TransportError x3", "TransportError x1"],
    ["a negative length",                   Respond.framedBy({ "Content-Length": "-1" }),          "TransportError x3", "TransportError x1"],
    ["a length and chunks",                 Respond.framedBy({ "Content-Length": "2", "Transfer-Encoding": "chunked" }), "TransportError x3", "TransportError x1"],
    ["a chunk size of letters",             Respond.badChunkSize,                                  "TransportError x3", "TransportError x1"],
    ["another protocol",                    Respond.raw("SSH-2.0-OpenSSH_9.6\r\n"),                "TransportError x3", "TransportError x1"],
    ["20 kB of headers",                    Respond.successWith({ "X-Huge": "x".repeat(20_000) }), "TransportError x3", "TransportError x1"],
    ["8 kB of headers",                     Respond.successWith({ "X-Large": "x".repeat(8000) }),  "value x1",          "value x1"],
    ["102 and 103 before the response",     Respond.after("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), "value x1",          "value x1"],
    ["100 before the response",             Respond.after("HTTP/1.1 100 Continue\r\n\r\n"),        "TransportError x3", "TransportError x1", { nodeHttp: "value x1" }],
    ["101 in place of a response",          Respond.raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: tls\r\nConnection: upgrade\r\n\r\n"), "TransportError x3", "TransportError x1"],
    ["another media type's parameters",     Respond.successWith({ "Content-Type": "application/json; charset=utf-8; v=1" }), "value x1",          "value x1"],
    ["no media type",                       Respond.successWith({ "Content-Type": "" }),           "value x1",          "value x1"],
  ] },
  { about: "HTTP: content-encoding", sameValue: true, rows: [
    ["gzip",                                Respond.gzipped(200, (request) => gzipSync(JSON.stringify(Wire.responseTo(request)))), "value x1",          "value x1",          { undecoded: ["DecodeError x1", "DecodeError x1"] }],
    ["gzip, corrupt",                       Respond.gzipped(200, () => Buffer.from("this is no gzip")), "TransportError x3", "TransportError x1", { undecoded: ["DecodeError x1", "DecodeError x1"] }],
    ["gzip, truncated",                     Respond.gzipped(200, (request) => gzipSync(JSON.stringify(Wire.responseTo(request))).subarray(0, 60)), "DecodeError x1",    "DecodeError x1"],
    ["gzip, a bomb of 50 MB",               Respond.gzipped(200, () => bomb),                      "DecodeError x1",    "DecodeError x1"],
    ["gzip, an error envelope",             Respond.gzipped(422, () => gzipSync(JSON.stringify(envelope))), "ClerkErrors x1",    "ClerkErrors x1",    { undecoded: ["ApiError x1", "ApiError x1"] }],
    ["an unknown content-encoding",         Respond.successWith({ "Content-Encoding": "magic" }),  "value x1",          "value x1"],
  ] },
  { about: "HTTP: statuses with an empty body", rows: [
    ...[200, 201, 202, 204, 205].map((status): Row =>
      [`${status}, empty`,                 complete(status, ""),                        "DecodeError x1",    "DecodeError x1"]),
    ...[400, 403, 409, 410, 418, 422].map((status): Row =>
      [`${status}, empty`,                 complete(status, ""),                        "ApiError x1",       "ApiError x1"]),
    ["401, empty",                          complete(401, ""),                                     "Unauthorized x1",   "Unauthorized x1"],
    ["404, empty",                          complete(404, ""),                                     "NotFound x1",       "NotFound x1",       { without404: "ApiError x1" }],
    ["408, empty",                          complete(408, ""),                                     "ApiError x3",       "ApiError x1"],
    ["429, empty",                          complete(429, ""),                                     "RateLimited x3",    "RateLimited x3"],
    ...[500, 502, 503, 504, 521, 599].map((status): Row =>
      [`${status}, empty`,                 complete(status, ""),                        "ApiError x3",       "ApiError x1"]),
  ] },
  { about: "HTTP: redirects", rows: [300, 301, 302, 303, 304, 307, 308].flatMap((status): ReadonlyArray<Row> => [
    [`${status} to another server`,         Respond.redirect(status, ({ elsewhere }) => `${elsewhere}/v1/sessions`), "ApiError x1",       "ApiError x1"],
    [`${status} to the same server`,        Respond.redirect(status, "/v1/other"),                 "ApiError x1",       "ApiError x1"],
    [`${status} to itself`,                 Respond.redirect(status, ({ request }) => request.target), "ApiError x1",       "ApiError x1"],
    [`${status} without a Location`,        Respond.redirect(status),                              "ApiError x1",       "ApiError x1"],
    [`${status} to file:`,                  Respond.redirect(status, "file:///etc/passwd"),        "ApiError x1",       "ApiError x1"],
  ]) },
  { about: "a response that quotes the request", rows: [
    ["in an envelope at 400",               Respond.echoEnvelope(400),                             "ClerkErrors x1",    "ClerkErrors x1"],
    ["in an envelope at 401",               Respond.echoEnvelope(401),                             "Unauthorized x1",   "Unauthorized x1"],
    ["in an envelope at 404",               Respond.echoEnvelope(404),                             "NotFound x1",       "NotFound x1",       { without404: "ClerkErrors x1" }],
    ["in an envelope at 429",               Respond.echoEnvelope(429),                             "RateLimited x3",    "RateLimited x3"],
    ["in an envelope at 500",               Respond.echoEnvelope(500),                             "ApiError x3",       "ApiError x1"],
    ["in an envelope at 200",               Respond.echoEnvelope(200),                             "DecodeError x1",    "DecodeError x1"],
    ["in a page at 403",                    Respond.echoText(403),                                 "ApiError x1",       "ApiError x1"],
    ["in a page at 502",                    Respond.echoText(502),                                 "ApiError x3",       "ApiError x1"],
    ["in a page at 200",                    Respond.echoText(200),                                 "DecodeError x1",    "DecodeError x1"],
    ["in headers at 422",                   Respond.echoHeaders(422, { errors: [] }),              "ClerkErrors x1",    "ClerkErrors x1"],
    ["in headers at 500",                   Respond.echoHeaders(500, {}),                          "ApiError x3",       "ApiError x1"],
    ["in headers at 302",                   Respond.echoHeaders(302, {}),                          "ApiError x1",       "ApiError x1"],
    ["a session or token at 500",           json(500, (request) => Wire.responseTo(request)),      "ApiError x3",       "ApiError x1"],
    ["a session or token at 403",           json(403, (request) => Wire.responseTo(request)),      "ApiError x1",       "ApiError x1"],
  ] },
  { about: "retry", sameValue: true, rows: [
    ...[429, 503].flatMap((status): ReadonlyArray<Row> => {
      const all: Outcome = status === 429 ? "RateLimited x3" : "ApiError x3"
      const unrepeated: Outcome = status === 429 ? "RateLimited x3" : "ApiError x1"
      const once: Outcome = status === 429 ? "RateLimited x1" : "ApiError x1"
      const after = (value: string | ReadonlyArray<string>) => complete(status, "", { "Retry-After": value })
      return [
        [`${status}, Retry-After: 0`,       after("0"),                                            all,                 unrepeated],
        [`${status}, Retry-After: an hour`, after("3600"),                                         once,                once],
        [`${status}, Retry-After: a past date`, after(longAgo),                                        all,                 unrepeated],
        [`${status}, Retry-After: a far date`, after("Fri, 31 Dec 9999 23:59:59 GMT"),                once,                once],
        [`${status}, Retry-After: garbage`, after("soon"),                                         all,                 unrepeated],
        [`${status}, Retry-After: negative`, after("-5"),                                           all,                 unrepeated],
        [`${status}, Retry-After: huge`,    after("9".repeat(400)),                                once,                once],
        [`${status}, Retry-After: empty`,   after(""),                                             all,                 unrepeated],
        [`${status}, Retry-After: twice`,   after(["0", "0"]),                                     all,                 unrepeated],
      ]
    }),
    ["succeeds after two 429",              inTurn(complete(429, ""), complete(429, ""), success), "value x3",          "value x3"],
    ["succeeds after 503 and a reset",      inTurn(complete(503, ""), reset, success),             "value x3",          "ApiError x1"],
    ["429, then a reset, then success",     inTurn(complete(429, ""), reset, success),             "value x3",          "TransportError x2"],
    ["503, then 422",                       inTurn(complete(503, ""), json(422, envelope)),        "ClerkErrors x2",    "ApiError x1"],
    ["succeeds one request too late",       inTurn(complete(429, ""), complete(429, ""), complete(429, ""), success), "RateLimited x3",    "RateLimited x3"],
    ["takes effect, and the response is lost", inTurn(inSequence(Respond.halfTheBody, reset), success), "value x2",          "TransportError x1"],
  ] },
]
