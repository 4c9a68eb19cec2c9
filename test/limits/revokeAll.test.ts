import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { ClerkConfig, ClerkError, Session, Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"

const encode = Schema.encodeSync(Session.Session)

interface Options {
  readonly sessions: ReadonlyArray<readonly [id: string, status: string]>
  /** The response to revoking this session, instead of revoking it. */
  readonly refuse?: Readonly<Record<string, () => Response>>
  /** Sessions that begin when this many have been revoked. */
  readonly begin?: (revoked: number) => ReadonlyArray<readonly [id: string, status: string]>
  /** Whether the filter `pending` is refused. */
  readonly refusesPending?: boolean
}

const failure = (status: number, code: string) => () =>
  Response.json({ errors: [{ code, message: code }] }, { status })

/** A Clerk of one user, with pages and statuses; `wait` requests are held until the next one comes. */
const makeClerk = ({ begin = () => [], refuse = {}, refusesPending = false, sessions }: Options) => {
  const all = new Map(sessions)
  const requests: Array<string> = []
  let revoked = 0
  let running = 0
  let mostRunning = 0
  const layer = ClerkTest.layerHandler((request) =>
    Effect.gen(function* () {
      const url = new URL(request.url)
      requests.push(`${request.method} ${url.pathname}`)
      const [, id = ""] = /sessions\/([^/]+)\/revoke/.exec(url.pathname) ?? []
      if (request.method === "GET") {
        const status = url.searchParams.get("status")
        if (refusesPending && status === "pending") {
          return failure(422, "form_param_value_invalid")()
        }
        const offset = Number(url.searchParams.get("offset"))
        const limit = Number(url.searchParams.get("limit"))
        const found = [...all].filter((entry) => status === null || entry[1] === status)
        const data = found
          .slice(offset, offset + limit)
          .map(([id, status]) => encode(ClerkTest.session({ id, status })))
        return Response.json({ data, total_count: found.length })
      }
      running += 1
      mostRunning = Math.max(mostRunning, running)
      yield* Effect.yieldNow()
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      running -= 1
      const refused = refuse[id]
      if (refused !== undefined) {
        return refused()
      }
      all.set(id, "revoked")
      revoked += 1
      for (const [id, status] of begin(revoked)) {
        all.set(id, status)
      }
      return Response.json(encode(ClerkTest.session({ id, status: "revoked" })))
    })
  )
  return { layer, all, requests, mostRunning: () => mostRunning }
}

const userId = "user_1"
const ids = (sessions: ReadonlyArray<Session.Session>) => sessions.map(({ id }) => String(id))

const revokeAll = (params?: Pick<Sessions.RevokeAllParams, "concurrency" | "except">) =>
  Sessions.revokeAll({ userId, ...params }).pipe(ClerkConfig.withoutRetry)

describe("Sessions.revokeAll", () => {
  it.effect("revokes every active and pending session, of more pages than one, and nothing else", () => {
    const sessions = Array.from({ length: 530 }, (_, index) => {
      const status = ["pending", "ended", "abandoned", "pending"][index] ?? "active"
      return [`sess_${index}`, status] as const
    })
    const clerk = makeClerk({ sessions })
    return Effect.gen(function* () {
      const revoked = yield* revokeAll({ concurrency: 50 })
      const open = sessions.filter(([, status]) => status === "active" || status === "pending")
      assert.sameMembers(
        ids(revoked),
        open.map(([id]) => id)
      )
      assert.isTrue(revoked.every(({ status }) => status === "revoked"))
      for (const [id, status] of sessions) {
        assert.strictEqual(
          clerk.all.get(id),
          status === "active" || status === "pending" ? "revoked" : status
        )
      }
      assert.deepStrictEqual(yield* revokeAll(), [])
    }).pipe(Effect.provide(clerk.layer))
  })

  it.effect("keeps the sessions that `except` names", () => {
    const clerk = makeClerk({ sessions: ["a", "b", "c", "d"].map((id) => [id, "active"] as const) })
    return Effect.gen(function* () {
      assert.sameMembers(ids(yield* revokeAll({ except: ["a", "b", "gone"] })), ["c", "d"])
      assert.deepStrictEqual(ids(yield* revokeAll({ except: "b" })), ["a"])
      assert.strictEqual(clerk.all.get("b"), "active")
    }).pipe(Effect.provide(clerk.layer))
  })

  it.effect("takes a session that is gone for a success", () => {
    const clerk = makeClerk({
      sessions: [
        ["a", "active"],
        ["b", "active"],
        ["c", "active"]
      ],
      refuse: {
        b: () => {
          clerk.all.delete("b")
          return failure(404, "resource_not_found")()
        }
      }
    })
    return Effect.gen(function* () {
      assert.sameMembers(ids(yield* revokeAll()), ["a", "c"])
    }).pipe(Effect.provide(clerk.layer))
  })

  it.effect("revokes all others where Clerk refuses one, then fails with that error", () => {
    const clerk = makeClerk({
      sessions: ["a", "b", "c", "d", "e"].map((id) => [id, "active"] as const),
      refuse: { b: failure(422, "session_refused"), d: failure(409, "other") }
    })
    return Effect.gen(function* () {
      const error = yield* Effect.flip(revokeAll({ concurrency: 1 }))
      assert.instanceOf(error, ClerkError.ClerkErrors)
      assert.strictEqual(error.errors[0]?.code, "session_refused")
      assert.deepStrictEqual(
        [...clerk.all].filter(([, status]) => status === "active").map(([id]) => id),
        ["b", "d"]
      )
      assert.strictEqual(clerk.requests.filter((request) => request.includes("/b/")).length, 1)
    }).pipe(Effect.provide(clerk.layer))
  })

  it.effect("succeeds where a session ended although revoking it failed", () => {
    const clerk = makeClerk({
      sessions: [
        ["a", "active"],
        ["b", "active"]
      ],
      refuse: {
        a: () => {
          clerk.all.set("a", "revoked")
          return new Response("", { status: 502 })
        }
      }
    })
    return Effect.gen(function* () {
      assert.deepStrictEqual(ids(yield* revokeAll()), ["b"])
    }).pipe(Effect.provide(clerk.layer))
  })

  it.effect("revokes sessions that begin meanwhile", () => {
    const clerk = makeClerk({
      sessions: [["a", "active"]],
      begin: (revoked) => (revoked < 4 ? [[`late_${revoked}`, "active"]] : [])
    })
    return Effect.gen(function* () {
      assert.sameMembers(ids(yield* revokeAll()), ["a", "late_1", "late_2", "late_3"])
    }).pipe(Effect.provide(clerk.layer))
  })

  it.effect("fails where sessions are left after 10 rounds", () => {
    const clerk = makeClerk({
      sessions: [["a", "active"]],
      begin: (revoked) => [[`late_${revoked}`, "active"]]
    })
    return Effect.gen(function* () {
      const error = yield* Effect.flip(revokeAll())
      assert.instanceOf(error, ClerkError.ClerkErrors)
      assert.strictEqual(error.errors[0]?.code, "client_sessions_left")
      assert.match(error.message, /^Sessions\.revokeAll .*1 sessions are left after 10 rounds/)
      assert.isFalse(ClerkError.isRetryable(error))
    }).pipe(Effect.provide(clerk.layer))
  })

  it.effect("lists without a filter where Clerk refuses the filter `pending`", () => {
    const clerk = makeClerk({
      sessions: [
        ["a", "active"],
        ["b", "pending"],
        ["c", "ended"]
      ],
      refusesPending: true
    })
    return Effect.gen(function* () {
      assert.sameMembers(ids(yield* revokeAll()), ["a", "b"])
      assert.strictEqual(clerk.all.get("c"), "ended")
    }).pipe(Effect.provide(clerk.layer))
  })

  it.effect("revokes no more at the same time than `concurrency` says", () => {
    const clerk = makeClerk({
      sessions: Array.from({ length: 30 }, (_, index) => [`sess_${index}`, "active"] as const)
    })
    return Effect.gen(function* () {
      yield* revokeAll()
      assert.strictEqual(clerk.mostRunning(), 5)
    }).pipe(Effect.provide(clerk.layer))
  })

  it.effect("refuses senseless arguments, and never lists the sessions of all users", () => {
    const clerk = makeClerk({ sessions: [["a", "active"]] })
    const senseless: ReadonlyArray<readonly [RegExp, unknown]> = [
      [/userId or clientId/, {}],
      [/userId or clientId/, { userId: undefined }],
      [/userId or clientId/, { userId: "" }],
      [/userId or clientId/, { userId, clientId: "" }],
      [/userId or clientId/, { userId: null }],
      [/except/, { userId, except: "" }],
      [/except/, { userId, except: ["a", undefined] }],
      [/except/, { userId, except: 5 }],
      [/concurrency/, { userId, concurrency: 0 }],
      [/concurrency/, { userId, concurrency: 1.5 }],
      [/an object/, undefined]
    ]
    return Effect.gen(function* () {
      for (const [message, params] of senseless) {
        // Arguments that the types do not allow.
        const error = yield* Effect.flip(Sessions.revokeAll(params as Sessions.RevokeAllParams))
        assert.instanceOf(error, ClerkError.InvalidRequest)
        assert.match(error.message, message)
      }
      assert.deepStrictEqual(clerk.requests, [])
    }).pipe(Effect.provide(clerk.layer))
  })

  it.effect("fails with the error of the list, and revokes nothing", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(revokeAll())
      assert.instanceOf(error, ClerkError.Unauthorized)
    }).pipe(Effect.provide(ClerkTest.layerHandler(() => Effect.succeed(failure(401, "clerk_key_invalid")()))))
  )
})
