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

import { cases } from "./support/property.js"
import * as Wire from "./support/wire.js"

const least = {
  ...Wire.session,
  actor: null,
  last_active_organization_id: null,
  latest_activity: null,
  tasks: []
}

describe("Session", () => {
  it("has every field that Clerk documents", () => {
    deepStrictEqual(Schema.decodeUnknownSync(Session.Session)(Wire.session), {
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

  it("encodes to the wire form", () => {
    for (const wire of [Wire.session, least]) {
      const session = Schema.decodeUnknownSync(Session.Session)(wire)
      assert.deepStrictEqual<unknown>(Schema.encodeSync(Session.Session)(session), wire)
    }
  })

  it("decodes null and a missing field alike", () => {
    const decode = Schema.decodeUnknownSync(Session.Session)
    const { actor: _1, last_active_organization_id: _2, latest_activity: _3, tasks: _4, ...others } = least
    deepStrictEqual(decode(others), decode(least))
    deepStrictEqual(decode({ ...others, tasks: null }), decode(least))
    const activity = { id: "a", is_mobile: true }
    deepStrictEqual(
      decode({ ...others, latest_activity: { ...activity, city: null } }),
      decode({ ...others, latest_activity: activity })
    )
  })

  it("decodes an unknown status and ignores unknown fields", () => {
    const session = Schema.decodeUnknownSync(Session.Session)({
      ...Wire.session,
      status: "hibernating",
      new_field: {}
    })
    assert.strictEqual(session.status, "hibernating")
    assert.notProperty(session, "new_field")
  })
})

describe("a round trip through JSON keeps", () => {
  const roundTrip = <A, I>(name: string, schema: Schema.Schema<A, I>) =>
    it(name, () => {
      const isEqual = Schema.equivalence(schema)
      const wire = Schema.parseJson(schema)
      FastCheck.assert(
        FastCheck.property(Arbitrary.make(schema), (value) => {
          const text = Schema.encodeSync(wire)(value)
          const back = Schema.decodeSync(wire)(text)
          assert.isTrue(isEqual(back, value))
          assert.strictEqual(Schema.encodeSync(wire)(back), text)
        }),
        { numRuns: 2 * cases }
      )
    })

  roundTrip("Session", Session.Session)
  roundTrip("SessionActivity", Session.SessionActivity)
  roundTrip("SessionTask", Session.SessionTask)
  roundTrip("SessionPage", Session.SessionPage)
  roundTrip("SessionToken", Session.SessionToken)
  roundTrip("SessionCookies", Session.SessionCookies)
})

describe("tokens and cookies", () => {
  it("are redacted", () => {
    const token = Schema.decodeUnknownSync(Session.SessionToken)({ jwt: "eyJhidden" })
    const cookies = Schema.decodeUnknownSync(Session.SessionCookies)({ cookies: ["__session=hidden"] })
    for (const value of [token, cookies]) {
      assert.notInclude(inspect(value, { depth: null }) + JSON.stringify(value) + String(value), "hidden")
    }
    assert.strictEqual(Redacted.value(token.jwt), "eyJhidden")
  })
})
