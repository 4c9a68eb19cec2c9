import { inspect } from "node:util"

import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Session } from "effect-clerk"
import * as Arbitrary from "effect/Arbitrary"
import * as DateTime from "effect/DateTime"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

import * as Stub from "./utils/stub.js"

const full = {
  ...Stub.wireSession,
  actor: { sub: "user_2", iss: "https://dashboard.example.com", depth: { a: [1, null] } },
  last_active_organization_id: "org_1",
  latest_activity: {
    object: "session_activity",
    id: "sess_activity_1",
    device_type: "Macintosh",
    is_mobile: false,
    browser_name: "Firefox",
    browser_version: "140.0",
    ip_address: "203.0.113.7",
    city: "Bern",
    country: "CH"
  },
  tasks: [{ key: "choose-organization" }]
}

describe("Session", () => {
  it("holds everything that Clerk sends", () => {
    deepStrictEqual(Schema.decodeUnknownSync(Session.Session)(full), {
      id: Session.SessionId.make("sess_1"),
      userId: Session.UserId.make("user_1"),
      clientId: Session.ClientId.make("client_1"),
      actor: Option.some({ sub: "user_2", iss: "https://dashboard.example.com", depth: { a: [1, null] } }),
      status: "active",
      lastActiveOrganizationId: Option.some(Session.OrganizationId.make("org_1")),
      lastActiveAt: DateTime.unsafeMake(1_700_000_000_000),
      latestActivity: Option.some({
        id: "sess_activity_1",
        deviceType: Option.some("Macintosh"),
        isMobile: false,
        browserName: Option.some("Firefox"),
        browserVersion: Option.some("140.0"),
        ipAddress: Option.some("203.0.113.7"),
        city: Option.some("Bern"),
        country: Option.some("CH")
      }),
      expireAt: DateTime.unsafeMake(1_700_000_600_000),
      abandonAt: DateTime.unsafeMake(1_700_001_000_000),
      updatedAt: DateTime.unsafeMake(1_700_000_000_001),
      createdAt: DateTime.unsafeMake(1_699_999_999_999),
      tasks: [{ key: "choose-organization" }]
    })
  })

  it("encodes to the wire form exactly", () => {
    for (const wire of [full, Stub.wireSession]) {
      const session = Schema.decodeUnknownSync(Session.Session)(wire)
      assert.deepStrictEqual<unknown>(Schema.encodeSync(Session.Session)(session), wire)
    }
  })

  it("takes null and absent alike", () => {
    const decode = Schema.decodeUnknownSync(Session.Session)
    const {
      actor: _1,
      last_active_organization_id: _2,
      latest_activity: _3,
      tasks: _4,
      ...least
    } = Stub.wireSession
    deepStrictEqual(decode(least), decode(Stub.wireSession))
    deepStrictEqual(decode({ ...least, tasks: null }), decode(Stub.wireSession))
    const activity = { object: "session_activity", id: "a", is_mobile: true }
    deepStrictEqual(
      decode({ ...least, latest_activity: { ...activity, city: null } }),
      decode({ ...least, latest_activity: activity })
    )
  })

  it("takes a status and fields that Clerk adds later", () => {
    const session = Schema.decodeUnknownSync(Session.Session)({
      ...full,
      status: "hibernating",
      new_field: {}
    })
    assert.strictEqual(session.status, "hibernating")
    assert.notProperty(session, "new_field")
  })
})

describe("round trips", () => {
  const roundTrip = <A, I>(name: string, schema: Schema.Schema<A, I>) =>
    it(name, () => {
      const isEqual = Schema.equivalence(schema)
      // Through text, as on the wire.
      const wire = Schema.parseJson(schema)
      FastCheck.assert(
        FastCheck.property(Arbitrary.make(schema), (value) => {
          const text = Schema.encodeSync(wire)(value)
          const back = Schema.decodeSync(wire)(text)
          assert.isTrue(isEqual(back, value))
          assert.strictEqual(Schema.encodeSync(wire)(back), text)
        })
      )
    })

  roundTrip("Session", Session.Session)
  roundTrip("SessionActivity", Session.SessionActivity)
  roundTrip("SessionTask", Session.SessionTask)
  roundTrip("SessionPage", Session.SessionPage)
  roundTrip("SessionToken", Session.SessionToken)
  roundTrip("SessionCookies", Session.SessionCookies)
})

describe("secrets", () => {
  it("do not show", () => {
    const token = Schema.decodeUnknownSync(Session.SessionToken)({ jwt: "eyJhidden" })
    const cookies = Schema.decodeUnknownSync(Session.SessionCookies)({ cookies: ["__session=hidden"] })
    for (const value of [token, cookies]) {
      assert.notInclude(inspect(value, { depth: null }) + JSON.stringify(value) + String(value), "hidden")
    }
    assert.strictEqual(Redacted.value(token.jwt), "eyJhidden")
  })
})
