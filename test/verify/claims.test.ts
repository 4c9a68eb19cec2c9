import { deepStrictEqual } from "node:assert/strict"

import { createCheckAuthorization } from "@clerk/shared/authorization"
import { __experimental_JWTPayloadToAuthObjectProperties as parsePayload } from "@clerk/shared/jwtPayloadParser"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, DateTime, Duration, Either, FastCheck, Option, ParseResult, Schema } from "effect"
import { SessionClaims } from "effect-clerk"

import { decodeClaims } from "../../src/internal/fast/decodeClaims.js"
import { iat, type Json, sessionClaims } from "./tokens.js"

const decode = Schema.decodeUnknownSync(SessionClaims.fromPayload)

const throughJson = <A>(value: A): A => JSON.parse(JSON.stringify(value))

/** JSON has no -0, which the arbitraries of custom claims and actors make. */
const arbitraryClaims = Arbitrary.make(SessionClaims.SessionClaims).map((claims) => ({
  ...claims,
  custom: throughJson(claims.custom),
  actor: Option.map(claims.actor, throughJson)
}))

const permissions = (payload: Json): ReadonlyArray<string> =>
  Option.match(decode(sessionClaims(payload)).organization, {
    onNone: () => [],
    onSome: (organization) => organization.permissions
  })

describe("fromPayload", () => {
  it("reads version 2", () => {
    const claims = decode({
      ...sessionClaims(),
      sts: "pending",
      act: { sub: "user_2", type: "agent" },
      o: { id: "org_1", slg: "acme", rol: "admin", per: "manage,read", fpm: "3,2" },
      fea: "o:dashboard,o:teams",
      pla: "o:pro,u:free",
      department: "sales"
    })
    deepStrictEqual(claims, {
      userId: "user_1",
      sessionId: "sess_1",
      issuer: Option.some("https://clerk.example.com"),
      issuedAt: Option.some(DateTime.unsafeMake(iat * 1000)),
      expiresAt: DateTime.unsafeMake((iat + 60) * 1000),
      notBefore: Option.some(DateTime.unsafeMake((iat - 10) * 1000)),
      authorizedParty: Option.some("https://example.com"),
      tokenId: Option.some("0123456789abcdef0123"),
      status: "pending",
      factorAge: Option.some({ first: Option.some(Duration.minutes(3)), second: Option.none() }),
      actor: Option.some({ sub: "user_2", type: "agent" }),
      organization: Option.some({
        id: "org_1",
        slug: Option.some("acme"),
        role: Option.some("org:admin"),
        permissions: ["org:dashboard:manage", "org:dashboard:read", "org:teams:read"]
      }),
      features: ["org:dashboard", "org:teams"],
      plans: ["org:pro", "user:free"],
      custom: { department: "sales" }
    })
  })

  it("reads version 1 into the same form", () => {
    const { jti: _, v: __, ...shared } = sessionClaims()
    const claims = decode({
      ...shared,
      org_id: "org_1",
      org_slug: "acme",
      org_role: "org:admin",
      org_permissions: ["org:dashboard:manage"],
      department: "sales"
    })
    deepStrictEqual(
      claims.organization,
      Option.some({
        id: "org_1",
        slug: Option.some("acme"),
        role: Option.some("org:admin"),
        permissions: ["org:dashboard:manage"]
      })
    )
    deepStrictEqual(claims.tokenId, Option.none())
    deepStrictEqual(claims.custom, { department: "sales" })
  })

  it("reads the smallest payload", () => {
    const claims = decode({ sub: "user_1", sid: "sess_1", exp: 1 })
    assert.strictEqual(claims.status, "active")
    deepStrictEqual(claims.organization, Option.none())
    deepStrictEqual([claims.features, claims.plans, claims.custom], [[], [], {}])
  })

  it("takes no version but the number 2 for version 2", () => {
    for (const v of ["2", 3, null, undefined, [2]]) {
      deepStrictEqual(decode(sessionClaims({ v, o: { id: "org_1" } })).organization, Option.none(), String(v))
    }
    deepStrictEqual(decode(sessionClaims({ org_id: "org_1" })).organization, Option.none())
  })

  it("keeps claims of the other version as custom ones, and no prototype", () => {
    const payload: unknown = JSON.parse(
      `{"sub":"user_1","sid":"sess_1","exp":1,"v":2,"org_role":"org:admin","__proto__":{"fea":"o:all"}}`
    )
    const claims = decode(payload)
    deepStrictEqual(claims.custom, { org_role: "org:admin" })
    deepStrictEqual(claims.features, [])
    deepStrictEqual(decode({ sub: "user_1", sid: "sess_1", exp: 1, o: { id: "org_1" } }).custom, {
      o: { id: "org_1" }
    })
  })

  it("makes no role of an absent one, and no role of two prefixes", () => {
    const role = (o: Json) =>
      Option.flatMap(decode(sessionClaims({ o: { id: "org_1", ...o } })).organization, (org) => org.role)
    deepStrictEqual(role({}), Option.none())
    deepStrictEqual(role({ rol: "" }), Option.none())
    deepStrictEqual(role({ rol: "org:" }), Option.none())
    deepStrictEqual(role({ rol: 5 }), Option.none())
    deepStrictEqual(role({ rol: "org:admin" }), Option.some("org:admin"))
  })

  it("reads a factor age of whole numbers only", () => {
    for (const fva of [
      null,
      "3,-1",
      [],
      [1],
      [1, 2, 3],
      [-2, 0],
      ["1", 2],
      [Number.NaN, 1],
      { 0: 1, 1: 2, length: 2 }
    ]) {
      deepStrictEqual(decode(sessionClaims({ fva })).factorAge, Option.none(), JSON.stringify(fva))
    }
  })

  it("encodes to a payload that decodes to the same claims", () => {
    const encode = Schema.encodeSync(SessionClaims.fromPayload)
    FastCheck.assert(
      FastCheck.property(arbitraryClaims, (claims) => {
        deepStrictEqual(decode(JSON.parse(JSON.stringify(encode(claims)))), claims)
      }),
      { numRuns: 300 }
    )
  })

  it("has a normal form that is JSON, too", () => {
    const normal = Schema.encodeSync(SessionClaims.SessionClaims)
    FastCheck.assert(
      FastCheck.property(arbitraryClaims, (claims) => {
        const json: unknown = JSON.parse(JSON.stringify(normal(claims)))
        deepStrictEqual(Schema.decodeUnknownSync(SessionClaims.SessionClaims)(json), claims)
      }),
      { numRuns: 300 }
    )
  })
})

describe("permissions", () => {
  it("are those of Clerk's documentation", () => {
    deepStrictEqual(
      permissions({ fea: "o:dashboard,o:teams", o: { id: "org_1", per: "manage,read", fpm: "3,2" } }),
      ["org:dashboard:manage", "org:dashboard:read", "org:teams:read"]
    )
  })

  it("are those of an instance with many", () => {
    const granted = permissions({
      fea: "o:a,o:b,o:c,o:d,o:e,o:f,o:g,o:h,o:i",
      o: { id: "org_1", rol: "owner", per: "create,delete,imp,manage,read", fpm: "27,24,24,16,24,11,24,8,4" }
    })
    assert.deepStrictEqual(granted.slice(0, 4), [
      "org:a:create",
      "org:a:delete",
      "org:a:manage",
      "org:a:read"
    ])
    assert.strictEqual(granted.length, 18)
  })

  it("are read from masks beyond 2^53", () => {
    const names = Array.from({ length: 70 }, (_, index) => `p${index}`)
    const fpm = String((1n << 69n) + 1n)
    deepStrictEqual(permissions({ fea: "o:a", o: { id: "org_1", per: names.join(), fpm } }), [
      "org:a:p0",
      "org:a:p69"
    ])
  })

  it("are not granted by masks that are no masks", () => {
    for (const fpm of [
      "-1",
      "-9223372036854775808",
      "0x3",
      "3e0",
      "3.0",
      "+3",
      "",
      " ",
      "٣",
      "1_000",
      "NaN",
      "n",
      3,
      null,
      ["3"]
    ]) {
      deepStrictEqual(
        permissions({ fea: "o:a", o: { id: "org_1", per: "x,y", fpm } }),
        [],
        JSON.stringify(fpm)
      )
    }
  })

  it("are not granted beyond the lists", () => {
    deepStrictEqual(permissions({ fea: "o:a", o: { id: "org_1", per: "x", fpm: "255,255" } }), ["org:a:x"])
    deepStrictEqual(permissions({ fea: "o:a,o:b", o: { id: "org_1", per: "x", fpm: "1" } }), ["org:a:x"])
    deepStrictEqual(permissions({ o: { id: "org_1", per: "x", fpm: "1" } }), [])
    deepStrictEqual(permissions({ fea: "o:a", o: { id: "org_1", fpm: "1" } }), [])
    deepStrictEqual(permissions({ fea: "a,:a,o:,x:a", o: { id: "org_1", per: "x", fpm: "1,1,1,1" } }), [])
    deepStrictEqual(permissions({ fea: "o:a", o: { id: "org_1", per: ",x", fpm: "3" } }), ["org:a:x"])
    deepStrictEqual(permissions({ fea: 5, o: { id: "org_1", per: {}, fpm: [] } }), [])
  })

  it("are only those that both readings of the positions grant", () => {
    // Clerk's JavaScript SDK gives mask 0 to `b`, the others give it mask 1.
    const read = (fpm: string) => permissions({ fea: "u:a,o:b", o: { id: "org_1", per: "x,y", fpm } })
    deepStrictEqual(read("1,2"), [])
    deepStrictEqual(read("1,3"), ["org:b:x"])
    deepStrictEqual(read("3"), [])
    // Where no feature of users comes first, both read alike.
    deepStrictEqual(permissions({ fea: "o:b,u:a", o: { id: "org_1", per: "x,y", fpm: "1,2" } }), ["org:b:x"])
  })
})

/** Payloads as instances write them, and their oddities. */
const name = FastCheck.constantFrom("dashboard", "teams", "api", "billing")
const scope = FastCheck.constantFrom("o", "o", "u", "ou", "uo")
const mask = FastCheck.oneof(
  FastCheck.bigInt({ min: 0n, max: 1n << 70n }).map(String),
  FastCheck.constantFrom("0", "-3", "x", "007")
)
const list = <A>(items: FastCheck.Arbitrary<A>, maxLength = 5) =>
  FastCheck.array(items, { maxLength }).map((all) => all.join(","))
const payload = (scopes: FastCheck.Arbitrary<string>) =>
  FastCheck.record({
    fea: list(FastCheck.tuple(scopes, name).map(([where, what]) => `${where}:${what}`)),
    pla: list(FastCheck.tuple(scopes, name).map(([where, what]) => `${where}:${what}`)),
    per: list(FastCheck.constantFrom("manage", "read", "create", " delete ")),
    fpm: list(mask),
    rol: FastCheck.option(FastCheck.constantFrom("admin", "org:admin", "member", ""), { nil: undefined }),
    fva: FastCheck.option(
      FastCheck.tuple(FastCheck.integer({ min: -1, max: 1500 }), FastCheck.integer({ min: -1, max: 1500 })),
      { nil: undefined }
    )
  }).map(({ fea, fpm, fva, per, pla, rol }) =>
    sessionClaims({ fea, pla, fva, o: { id: "org_1", slg: "acme", rol, per, fpm } })
  )

/** What Clerk's own parser makes of a payload. */
const clerks = (claims: Json) =>
  // The parser takes any payload, although its type asks for a whole one.
  parsePayload(claims as unknown as Parameters<typeof parsePayload>[0])

describe("Clerk's own parser", () => {
  it("reads the same from features of organizations", () => {
    FastCheck.assert(
      FastCheck.property(payload(FastCheck.constantFrom("o", "ou")), (json) => {
        const ours = Option.getOrThrow(decode(json).organization)
        const theirs = clerks(json)
        deepStrictEqual(new Set(ours.permissions), new Set(theirs.orgPermissions))
        assert.strictEqual(ours.id, theirs.orgId)
        deepStrictEqual(Option.getOrUndefined(ours.slug), theirs.orgSlug)
        const role = theirs.orgRole?.replace(/^(org:)*/, "org:")
        deepStrictEqual(Option.getOrUndefined(ours.role), role)
      }),
      { numRuns: 400 }
    )
  })

  it("never grants less where features of users come first", () => {
    let fewer = 0
    FastCheck.assert(
      FastCheck.property(payload(scope), (json) => {
        const ours = Option.getOrThrow(decode(json).organization).permissions
        const theirs = new Set(clerks(json).orgPermissions)
        assert.isTrue(ours.every((permission) => theirs.has(permission)))
        fewer += ours.length < theirs.size ? 1 : 0
      }),
      { numRuns: 400 }
    )
    assert.isAbove(fewer, 10)
  })

  it("answers the same questions the same way", () => {
    const asked = FastCheck.constantFrom("admin", "org:admin", "member", "", "org:")
    const named = FastCheck.tuple(
      FastCheck.constantFrom("", "o:", "org:", "organization:", "u:", "user:", "x:"),
      name
    ).map(([where, what]) => where + what)
    const permission = FastCheck.tuple(
      FastCheck.constantFrom("", "org:"),
      name,
      FastCheck.constantFrom("manage", "read")
    ).map(([where, feature, what]) => `${where}${feature}:${what}`)
    const level = FastCheck.constantFrom<Array<"first_factor" | "second_factor" | "multi_factor">>(
      "first_factor",
      "second_factor",
      "multi_factor"
    )
    const preset = FastCheck.constantFrom<Array<"strict_mfa" | "strict" | "moderate" | "lax">>(
      "strict_mfa",
      "strict",
      "moderate",
      "lax"
    )
    const counts = { yes: 0, no: 0 }
    FastCheck.assert(
      FastCheck.property(
        payload(FastCheck.constantFrom("o", "ou")),
        asked,
        named,
        permission,
        preset,
        level,
        FastCheck.integer({ min: -1, max: 1500 }),
        (json, role, what, permitted, reverification, factor, minutes) => {
          const claims = decode(json)
          const has = createCheckAuthorization({
            userId: "user_1",
            orgId: clerks(json).orgId,
            orgRole: clerks(json).orgRole,
            orgPermissions: clerks(json).orgPermissions,
            factorVerificationAge: clerks(json).factorVerificationAge,
            features: json["fea"] as string,
            plans: json["pla"] as string
          })
          const pairs: ReadonlyArray<readonly [boolean, boolean]> = [
            [SessionClaims.hasRole(claims, role), role !== "" && role !== "org:" && has({ role })],
            [SessionClaims.hasPermission(claims, permitted), has({ permission: permitted })],
            [SessionClaims.hasFeature(claims, what), has({ feature: what })],
            [SessionClaims.hasPlan(claims, what), has({ plan: what })],
            [SessionClaims.isReverified(claims, reverification), has({ reverification })],
            [
              SessionClaims.isReverified(claims, { level: factor, within: Duration.minutes(minutes) }),
              has({ reverification: { level: factor, afterMinutes: minutes } })
            ]
          ]
          for (const [ours, theirs] of pairs) {
            counts[ours ? "yes" : "no"] += 1
            assert.strictEqual(ours, theirs)
          }
        }
      ),
      { numRuns: 500 }
    )
    assert.isAbove(counts.yes, 300)
    assert.isAbove(counts.no, 300)
  })
})

describe("the questions", () => {
  const claims = decode(
    sessionClaims({
      fva: [3, -1],
      fea: "o:dashboard,u:beta",
      pla: "o:pro",
      o: { id: "org_1", rol: "admin", per: "read", fpm: "1" }
    })
  )

  it("are dual", () => {
    assert.isTrue(SessionClaims.hasRole("admin")(claims))
    assert.isTrue(SessionClaims.hasPermission("dashboard:read")(claims))
    assert.isTrue(SessionClaims.hasFeature("user:beta")(claims))
    assert.isTrue(SessionClaims.hasPlan("pro")(claims))
    assert.isTrue(SessionClaims.isReverified("strict")(claims))
    assert.isTrue(SessionClaims.isReverified({ level: "first_factor", within: "4 minutes" })(claims))
    assert.isFalse(SessionClaims.isReverified({ level: "first_factor", within: "3 minutes" })(claims))
  })

  it("are answered with false where they make no sense", () => {
    const senseless: ReadonlyArray<unknown> = [
      undefined,
      null,
      "",
      "org:",
      ":",
      5,
      {},
      [],
      ["admin"],
      "toString",
      "__proto__",
      { level: "third_factor", within: 5 },
      { level: "first_factor" },
      { level: "first_factor", within: -1 },
      { level: "first_factor", within: "soon" },
      { level: "first_factor", within: Number.NaN }
    ]
    const questions: ReadonlyArray<(self: SessionClaims.SessionClaims, question: never) => boolean> = [
      SessionClaims.hasRole,
      SessionClaims.hasPermission,
      SessionClaims.hasFeature,
      SessionClaims.hasPlan,
      SessionClaims.isReverified
    ]
    for (const question of senseless) {
      for (const ask of questions) {
        // Programs without types ask anything.
        assert.isFalse(ask(claims, question as never), JSON.stringify(question))
      }
    }
    const empty = decode({ sub: "user_1", sid: "sess_1", exp: 1 })
    assert.isFalse(SessionClaims.hasRole(empty, "admin"))
    assert.isFalse(SessionClaims.hasPermission(empty, "dashboard:read"))
    assert.isFalse(SessionClaims.isReverified(empty, "lax"))
  })
})

describe("the fast decoder", () => {
  const decodeWithSchema = ParseResult.decodeUnknownEither(SessionClaims.fromPayload)
  const encode = Schema.encodeSync(SessionClaims.fromPayload)
  const oddity = FastCheck.oneof(
    FastCheck.constantFrom<unknown>(
      null,
      undefined,
      "",
      "user_1",
      0,
      -1,
      0.5,
      1.9995,
      8.64e12,
      8.64e12 + 1,
      1e300,
      Infinity,
      Number.NaN,
      -0,
      true,
      [],
      {},
      "active",
      "pending",
      ["a"],
      { sub: "user_2" },
      "o:a,u:b",
      "2",
      2
    ),
    FastCheck.jsonValue()
  )
  const names = [
    "sub",
    "sid",
    "exp",
    "iat",
    "nbf",
    "iss",
    "azp",
    "jti",
    "sts",
    "act",
    "fva",
    "fea",
    "pla",
    "v",
    "o",
    "org_id",
    "org_slug",
    "org_role",
    "org_permissions",
    "more",
    "__proto__"
  ]
  const changed = FastCheck.tuple(
    FastCheck.oneof(
      payload(scope),
      Arbitrary.make(SessionClaims.SessionClaims).map((claims): Json => encode(claims))
    ),
    FastCheck.array(FastCheck.tuple(FastCheck.constantFrom(...names), oddity), { maxLength: 3 })
  ).map(([json, changes]): unknown => Object.fromEntries([...Object.entries(json), ...changes]))

  it("returns what the schema returns, and fails where it fails", () => {
    let accepted = 0
    const runs = 3000
    FastCheck.assert(
      FastCheck.property(FastCheck.oneof({ arbitrary: changed, weight: 20 }, oddity), (json) => {
        const expected = decodeWithSchema(json)
        const actual = decodeClaims(json)
        assert.strictEqual(Either.isRight(actual), Either.isRight(expected))
        if (Either.isRight(actual) && Either.isRight(expected)) {
          accepted += 1
          deepStrictEqual(actual.right, expected.right)
          deepStrictEqual(Object.keys(actual.right), Object.keys(expected.right))
        }
      }),
      { numRuns: runs }
    )
    assert.isAbove(accepted, runs / 10)
    assert.isBelow(accepted, runs - runs / 10)
  })
})
