import { createServer } from "node:http"

import { createClerkClient, verifyToken } from "@clerk/backend"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Jose from "jose"

import { type Command, compile, type Running, runCommand, startEmulator, writeSeed } from "./command.js"

let command: Command
beforeAll(async () => {
  command = await compile()
})
afterAll(() => command.remove())

/** Sends a request to a running emulator, with the secret key. */
const request = ({ variables }: Running, method: string, path: string, body?: unknown) =>
  Effect.promise(async () => {
    const response = await fetch(`${variables["CLERK_API_URL"]}${path}`, {
      method,
      headers: { authorization: `Bearer ${variables["CLERK_SECRET_KEY"]}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    return { status: response.status, headers: response.headers, body: await response.json() }
  })

describe("effect-clerk emulator", () => {
  it.scopedLive("exports variables that the official SDK needs, and prints a line per request", () =>
    Effect.gen(function* () {
      const emulator = yield* startEmulator(command)
      const { CLERK_API_URL = "", CLERK_JWT_KEY = "", CLERK_SECRET_KEY = "", ...others } = emulator.variables
      assert.match(CLERK_API_URL, /^http:\/\/127\.0\.0\.1:[1-9]\d*$/)
      assert.match(CLERK_SECRET_KEY, /^sk_test_\w+$/)
      assert.match(others["CLERK_PUBLISHABLE_KEY"] ?? "", /^pk_test_\w+$/)
      assert.match(CLERK_JWT_KEY, /^-----BEGIN PUBLIC KEY-----\n[^]+\n-----END PUBLIC KEY-----$/)
      const { sessions } = createClerkClient({ apiUrl: CLERK_API_URL, secretKey: CLERK_SECRET_KEY })
      const { id } = yield* Effect.promise(() => sessions.createSession({ userId: "user_2" }))
      const { jwt } = yield* Effect.promise(() => sessions.getToken(id, "example"))
      const claims = yield* Effect.promise(() => verifyToken(jwt, { jwtKey: CLERK_JWT_KEY }))
      assert.strictEqual(claims.sub, "user_2")
      const list = yield* Effect.promise(() => sessions.getSessionList({ userId: "user_2" }))
      assert.strictEqual(list.totalCount, 1)
      deepStrictEqual(
        emulator
          .stdout()
          .match(/(?<=^# )(GET|POST) \S+ \d+(?= \d+ ms$)/gm)
          ?.map(String),
        ["POST /v1/sessions 200", `POST /v1/sessions/${id}/tokens/example 200`, "GET /v1/sessions 200"]
      )
      assert.match(emulator.stdout(), /^# session sess_1 of user_1, active, refresh token \w{40}$/m)
    })
  )

  it.scopedLive("exits with 0 on Ctrl-C despite open connections and hanging requests", () =>
    Effect.gen(function* () {
      for (const signal of ["SIGINT", "SIGTERM"] as const) {
        const emulator = yield* startEmulator(command)
        // fetch keeps the connection of the first request open.
        yield* request(emulator, "POST", "/_emulator/faults", { fault: "hang", operation: "JWKS.get" })
        const hanging = request(emulator, "GET", "/v1/jwks")
        const fiber = yield* Effect.fork(Effect.exit(Effect.sandbox(hanging)))
        yield* request(emulator, "GET", "/_emulator/requests").pipe(
          Effect.repeat({ until: ({ body }) => body.requests.length === 1 })
        )
        const { code, stderr } = yield* emulator.stop(signal)
        deepStrictEqual([code, stderr], [0, ""])
        yield* fiber.await
      }
    })
  )

  it.scopedLive("keeps idle connections for longer than a proxy does", () =>
    Effect.gen(function* () {
      const emulator = yield* startEmulator(command)
      const { headers } = yield* request(emulator, "GET", "/v1/users")
      assert.strictEqual(headers.get("keep-alive"), "timeout=65")
    })
  )

  it.scopedLive("accepts a secret key that a shell must quote, an issuer and a host", () =>
    Effect.gen(function* () {
      const secretKey = `sk_live_$(false)'"\`\\`
      const flags = ["--secret-key", secretKey, "--issuer", "https://clerk.mine.test/", "--host", "localhost"]
      const { variables } = yield* startEmulator(command, ...flags)
      assert.strictEqual(variables["CLERK_SECRET_KEY"], secretKey)
      assert.match(variables["CLERK_API_URL"] ?? "", /^http:\/\/localhost:\d+$/)
      assert.strictEqual(
        variables["CLERK_PUBLISHABLE_KEY"],
        `pk_live_${btoa("clerk.mine.test$").replace(/=+$/, "")}`
      )
    })
  )

  it.scopedLive("starts with the users, sessions, templates and faults of the seed file", () =>
    Effect.gen(function* () {
      const seed = writeSeed(command, "whole.json", {
        users: ["user_3"],
        sessions: [
          {
            id: "sess_a",
            userId: "user_1",
            createdAt: "2026-01-31T12:00:00Z",
            expireAt: 4_000_000_000_000,
            abandonAt: 4_000_000_000_000,
            latestActivity: { city: "Vienna" },
            actor: { sub: "user_admin" },
            organization: { id: "org_1", role: "admin", permissions: ["org:invoices:read"] },
            features: ["o:dashboard"],
            plans: ["pro"],
            claims: { email: "a@example.test" }
          },
          { id: "sess_b", userId: "user_2", status: "pending", tasks: [{ key: "choose-organization" }] },
          { id: "sess_c", userId: "user_2", idleFor: "40 days", actor: null }
        ],
        templates: { hasura: { claims: { role: "editor" }, lifetime: "1 hour" } },
        faults: [{ fault: "rateLimited", retryAfter: "7 seconds", operation: "JWKS.get" }],
        tokenLifetime: "5 minutes"
      })
      const emulator = yield* startEmulator(command, "--seed", seed)
      const limited = yield* request(emulator, "GET", "/v1/jwks")
      deepStrictEqual([limited.status, limited.headers.get("retry-after")], [429, "7"])
      assert.strictEqual((yield* request(emulator, "GET", "/v1/jwks")).status, 200)
      const { body: session } = yield* request(emulator, "GET", "/v1/sessions/sess_a")
      assert.strictEqual(session.created_at, Date.UTC(2026, 0, 31, 12))
      assert.strictEqual(session.latest_activity.city, "Vienna")
      const { body: token } = yield* request(emulator, "POST", "/v1/sessions/sess_a/tokens")
      const { act, email, exp = 0, fea, iat = 0, o, pla } = Jose.decodeJwt(token.jwt)
      deepStrictEqual(
        [act, email, exp - iat, fea, pla],
        [{ sub: "user_admin" }, "a@example.test", 300, "o:dashboard,o:invoices", "o:pro"]
      )
      deepStrictEqual(o, { id: "org_1", slg: "org-1", rol: "admin", per: "read", fpm: "0,1" })
      assert.match(emulator.stdout(), /^# users user_3, user_1, user_2$/m)
      assert.match(emulator.stdout(), /^# session sess_b of user_2, pending, refresh token \w+$/m)
      assert.match(emulator.stdout(), /^# session sess_c of user_2, abandoned, /m)
      assert.match(emulator.stdout(), /^# templates hasura$/m)
    })
  )

  it.live("prints help and version", () =>
    Effect.gen(function* () {
      const help = yield* runCommand(command, "--help")
      assert.match(help.stdout, /--port .*--host .*--secret-key .*--issuer .*--seed .*--help .*--version /s)
      deepStrictEqual([help.code, help.stderr], [0, ""])
      const version = yield* runCommand(command, "emulator", "--version")
      assert.match(version.stdout, /^\d+\.\d+\.\d+\S*\n$/)
      assert.strictEqual(version.code, 0)
    })
  )

  it.scopedLive("exits with 2 and one line for wrong flags, values and files", () =>
    Effect.gen(function* () {
      const taken = yield* Effect.acquireRelease(
        Effect.async<number>((resume) => {
          const server = createServer().listen(0, "127.0.0.1", () => {
            const address = server.address()
            resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
          })
          takenServer = server
        }),
        () => Effect.sync(() => takenServer?.close())
      )
      const seed = writeSeed(command, "wrong.json", { sessions: [{ id: "sess_1" }, { userId: 1 }] })
      const cases = [
        [["emulator", "--prot", "1"], "Unknown option '--prot'"],
        [["emulator", "--port", String(taken)], `port ${taken} is taken`],
        [["emulator", "--host", "192.0.2.1"], "--host 192.0.2.1 is not an address of this machine"],
        [["emulator", "--seed", "none.json"], "--seed none.json: there is no such file"],
        [["emulator", "--seed", command.folder], `--seed ${command.folder}: it is a folder`],
        [["emulator", "--seed", seed], `--seed ${seed}: sessions[1].userId: expected a string`]
      ] as const
      const results = yield* Effect.forEach(cases, ([args]) => runCommand(command, ...args), {
        concurrency: 2
      })
      for (const [index, { code, stderr, stdout }] of results.entries()) {
        const [args, message] = cases[index] ?? []
        deepStrictEqual([code, stdout], [2, ""], args?.join(" "))
        assert.match(stderr, /^effect-clerk: [^\n]+\n$/)
        assert.include(stderr, message ?? "")
      }
    })
  )
})

let takenServer: ReturnType<typeof createServer> | undefined

describe("the control endpoint", () => {
  it.scopedLive("injects faults, and shows requests without the secret key", () =>
    Effect.gen(function* () {
      const emulator = yield* startEmulator(command)
      yield* request(emulator, "POST", "/_emulator/faults", {
        fault: "status",
        status: 403,
        errors: [{ code: "forbidden" }],
        operation: "Users.list",
        times: 2
      })
      const statuses = yield* Effect.replicateEffect(
        Effect.map(request(emulator, "GET", "/v1/users?limit=1"), ({ status }) => status),
        3
      )
      deepStrictEqual(statuses, [403, 403, 200])
      const { body } = yield* request(emulator, "GET", "/_emulator/requests")
      const [first, ...others] = body.requests
      assert.lengthOf(others, 2)
      deepStrictEqual(
        [first.operation, first.method, first.path, first.query],
        ["Users.list", "GET", "/v1/users", { limit: "1" }]
      )
      assert.match(first.at, /^\d{4}-.*Z$/)
      assert.notInclude(JSON.stringify(body), emulator.variables["CLERK_SECRET_KEY"] ?? "")
    })
  )

  it.scopedLive("adds users and sessions, changes a status, and mints tokens", () =>
    Effect.gen(function* () {
      const emulator = yield* startEmulator(command)
      const post = (path: string, body?: unknown) => request(emulator, "POST", `/_emulator/${path}`, body)
      deepStrictEqual((yield* post("users", { id: "user_9" })).body, { id: "user_9" })
      const { body: session } = yield* post("sessions", { id: "sess_9", userId: "user_9", plans: ["pro"] })
      deepStrictEqual([session.object, session.id, session.status], ["session", "sess_9", "active"])
      assert.strictEqual(
        (yield* post("sessions/sess_9/status", { status: "pending" })).body.status,
        "pending"
      )
      const { body: token } = yield* post("sessions/sess_9/token", {
        claims: { azp: "x" },
        header: { cat: "y" }
      })
      const { azp, pla, sts } = Jose.decodeJwt(token.jwt)
      deepStrictEqual([azp, pla, sts], ["x", "u:pro", "pending"])
      assert.strictEqual(Jose.decodeProtectedHeader(token.jwt)["cat"], "y")
      const { body: refresh } = yield* request(emulator, "GET", "/_emulator/sessions/sess_9/refresh_token")
      assert.match(refresh.refreshToken, /^\w{40}$/)
      const { body: list } = yield* request(emulator, "GET", "/_emulator/sessions")
      deepStrictEqual(
        list.sessions.map(({ id }: { readonly id: string }) => id),
        ["sess_9", "sess_1"]
      )
    })
  )

  it.scopedLive("rotates the keys, and starts over", () =>
    Effect.gen(function* () {
      const emulator = yield* startEmulator(command)
      const keys = Effect.map(request(emulator, "GET", "/v1/jwks"), ({ body }) => JSON.stringify(body))
      const before = yield* keys
      yield* request(emulator, "POST", "/_emulator/rotate_keys")
      assert.notStrictEqual(yield* keys, before)
      yield* request(emulator, "POST", "/_emulator/sessions", { id: "sess_9" })
      yield* request(emulator, "POST", "/_emulator/reset")
      assert.strictEqual((yield* request(emulator, "GET", "/v1/sessions/sess_9")).status, 404)
      assert.strictEqual(yield* keys, before)
    })
  )

  it.scopedLive("responds to wrong requests with an error that names the place", () =>
    Effect.gen(function* () {
      const emulator = yield* startEmulator(command)
      for (const [method, path, body, status, message] of [
        ["POST", "faults", { fault: "status" }, 400, "status: is missing"],
        ["POST", "faults", { fault: "none" }, 400, "fault: expected one of "],
        ["POST", "faults", { fault: "reset", times: 0 }, 400, "times: "],
        ["POST", "sessions", { userID: "user_1" }, 400, "userID: is unexpected"],
        ["POST", "sessions/sess_none/status", { status: "ended" }, 404, "there is no session sess_none"],
        ["GET", "sessions/sess_none/refresh_token", undefined, 404, "there is no session sess_none"],
        ["GET", "faults", undefined, 404, "there is no GET /_emulator/faults"]
      ] as const) {
        const response = yield* request(emulator, method, `/_emulator/${path}`, body)
        assert.strictEqual(response.status, status, path)
        assert.include(response.body.error, message)
      }
    })
  )
})
