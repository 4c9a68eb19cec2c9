/** Errors of arguments, and of settings that a modifier changes. */
import { ClerkConfig, Sessions } from "effect-clerk"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

import { refreshParams } from "../support/operations.js"
import { messageOf, secret, type Section } from "./section.js"

const get = Sessions.get("sess_1")

/** What callers without types pass. */
const untyped = (value: unknown) => value as never

const lists = (params: object) => messageOf(Sessions.list({ userId: "user_1", ...params }))
const refreshes = (params: object) => messageOf(Sessions.refresh("sess_1", { ...refreshParams, ...params }))
const lifetime = (expiresIn: unknown) =>
  messageOf(Sessions.createToken("sess_1", { expiresIn: untyped(expiresIn) }))

const wiped = () => {
  const redacted = Redacted.make(secret)
  Redacted.unsafeWipe(redacted)
  return redacted
}

const throwing = Object.defineProperty({}, "userId", {
  enumerable: true,
  get: () => {
    throw new Error(secret)
  }
})

export const invalidRequests: ReadonlyArray<Section> = [
  {
    title: "InvalidRequest: ids and names",
    cases: [
      ["empty", messageOf(Sessions.get(""))],
      ["a dot segment", messageOf(Sessions.revoke(".."))],
      ["a lone surrogate", messageOf(Sessions.createToken("a\ud800"))],
      ["not a string", messageOf(Sessions.get(untyped(undefined)))],
      ["a secret key", messageOf(Sessions.get(`sk_test_${secret}12345`))],
      ["a token", messageOf(Sessions.get(`eyJ${secret}.e30.c2ln`))],
      ["an empty template name", messageOf(Sessions.createTokenFromTemplate("sess_1", ""))]
    ]
  },
  {
    title: "InvalidRequest: list, listPage, stream",
    cases: [
      ["no userId and no clientId", messageOf(Sessions.listPage(untyped({})))],
      ["a userId that is undefined", messageOf(Sessions.list({ userId: undefined }))],
      ["an empty userId", lists({ userId: "" })],
      ["a token as userId", lists({ userId: `eyJ${secret}.e30.c2ln` })],
      ["a clientId that is a number", lists({ clientId: 1 })],
      ["an empty status", lists({ status: "" })],
      ["a limit out of range", lists({ limit: 501 })],
      ["a limit that is text", lists({ limit: "10" })],
      ["an offset below zero", lists({ offset: -1 })],
      ["a fractional offset", lists({ offset: 0.5 })],
      [
        "a pageSize out of range",
        messageOf(Stream.runDrain(Sessions.stream({ userId: "user_1", pageSize: 0 })))
      ],
      ["no object", messageOf(Sessions.list(untyped(null)))],
      ["a getter that throws", messageOf(Sessions.list(untyped(throwing)))]
    ]
  },
  {
    title: "InvalidRequest: create",
    cases: [
      ["no userId", messageOf(Sessions.create(untyped({})))],
      ["a userId that is an object", messageOf(Sessions.create(untyped({ userId: {} })))],
      [
        "an empty activeOrganizationId",
        messageOf(Sessions.create({ userId: "user_1", activeOrganizationId: "" }))
      ],
      ["no object", messageOf(Sessions.create(untyped("user_1")))]
    ]
  },
  {
    title: "InvalidRequest: createToken, createTokenFromTemplate",
    cases: [
      ["milliseconds that look like seconds", lifetime(60)],
      ["milliseconds, too short", lifetime(5)],
      ["too short", lifetime("29 seconds")],
      ["too long", lifetime("315360001 seconds")],
      ["half a second", lifetime("30500 millis")],
      ["infinite", lifetime("Infinity")],
      ["not a number", lifetime(Number.NaN)],
      ["no duration", lifetime("soon")],
      ["an object", lifetime({})],
      ["no object", messageOf(Sessions.createToken("sess_1", untyped("1 minute")))]
    ]
  },
  {
    title: "InvalidRequest: refresh",
    cases: [
      ["no expiredToken", refreshes({ expiredToken: undefined })],
      ["an expiredToken that is null", refreshes({ expiredToken: null })],
      ["an empty refreshToken", refreshes({ refreshToken: "" })],
      ["a wiped refreshToken", refreshes({ refreshToken: wiped() })],
      ["a redacted number", refreshes({ refreshToken: Redacted.make(1) })],
      ["an empty requestOrigin", refreshes({ requestOrigin: "" })],
      ["a header that is a number", refreshes({ requestHeaders: { cookie: 1 } })],
      ["headers that are text", refreshes({ requestHeaders: "cookie: a" })],
      ["an empty requestOriginatingIp", refreshes({ requestOriginatingIp: "" })],
      ["an unknown format", refreshes({ format: "xml" })],
      ["suffixedCookies that is text", refreshes({ suffixedCookies: "no" })],
      ["no object", messageOf(Sessions.refresh("sess_1", untyped(null)))]
    ]
  },
  {
    title: "InvalidRequest: settings",
    cases: [
      ["withTimeout(0)", messageOf(ClerkConfig.withTimeout(get, 0))],
      ["withDeadline of no duration", messageOf(ClerkConfig.withDeadline(get, untyped("soon")))],
      ["withRetry of no schedule", messageOf(ClerkConfig.withRetry(get, untyped({})))]
    ]
  }
]
