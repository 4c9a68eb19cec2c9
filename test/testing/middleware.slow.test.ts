/** The official middlewares, in processes that get the variables of the emulator's banner and nothing else. */
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"

import { type Command, compile, type Running, startEmulator, writeSeed } from "./command.js"

const apps = {
  "@clerk/express": `
    import { clerkMiddleware, getAuth } from "@clerk/express"
    import express from "express"
    const app = express().use(clerkMiddleware())
    app.get("/", (request, response) => {
      const auth = getAuth(request)
      response.json({ userId: auth.userId, permitted: auth.has({ permission: "org:invoices:read" }) })
    })
    const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port))`,
  "@clerk/hono": `
    import { clerkMiddleware, getAuth } from "@clerk/hono"
    import { serve } from "@hono/node-server"
    import { Hono } from "hono"
    const app = new Hono().use("*", clerkMiddleware())
    app.get("/", (context) => {
      const auth = getAuth(context)
      return context.json({ userId: auth.userId, permitted: auth.has({ permission: "org:invoices:read" }) })
    })
    serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => console.log(port))`
}

let command: Command
beforeAll(async () => {
  command = await compile()
})
afterAll(() => command.remove())

/** Starts an app and returns its URL. */
const startApp = (code: string, { variables }: Running) =>
  Effect.acquireRelease(
    Effect.async<{ readonly url: string; readonly stop: () => void }>((resume) => {
      const child = spawn(process.execPath, ["--input-type=module", "--eval", code], {
        cwd: fileURLToPath(new URL("../../", import.meta.url)),
        // No test sends anything to another machine.
        env: { ...variables, CLERK_TELEMETRY_DISABLED: "1" },
        stdio: ["ignore", "pipe", "pipe"]
      })
      let errors = ""
      child.stderr.setEncoding("utf8").on("data", (chunk) => (errors += chunk))
      child.stdout
        .setEncoding("utf8")
        .once("data", (port: string) =>
          resume(
            Effect.succeed({ url: `http://127.0.0.1:${port.trim()}/`, stop: () => child.kill("SIGKILL") })
          )
        )
      child.once("close", () => resume(Effect.dieMessage(`The app did not start: ${errors}`)))
    }),
    ({ stop }) => Effect.sync(stop)
  )

const control = ({ variables }: Running, path: string, body: unknown = {}) =>
  Effect.promise(async () => {
    const response = await fetch(`${variables["CLERK_API_URL"]}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${variables["CLERK_SECRET_KEY"]}` },
      body: JSON.stringify(body)
    })
    const { jwt } = await response.json()
    return String(jwt)
  })

const browser = { accept: "text/html", "sec-fetch-dest": "document" }
const devCookies = "__clerk_db_jwt=dev_browser; __client_uat=1"

describe.each(Object.entries(apps))("%s with the variables of the emulator", (_, code) => {
  it.scopedLive("lets session tokens in, keeps other tokens out, and sends browsers to the issuer", () =>
    Effect.gen(function* () {
      const seed = writeSeed(command, "middleware.json", {
        sessions: [
          {
            id: "sess_1",
            userId: "user_1",
            organization: { id: "org_1", permissions: ["org:invoices:read"] }
          },
          { id: "sess_2", userId: "user_2", status: "pending" }
        ],
        templates: { example: {} }
      })
      const emulator = yield* startEmulator(command, "--seed", seed)
      const { url } = yield* startApp(code, emulator)
      const get = (headers: Record<string, string>) =>
        Effect.promise(async () => {
          const response = await fetch(url, { headers, redirect: "manual" })
          const text = await response.text()
          return {
            status: response.status,
            location: response.headers.get("location"),
            body: text.startsWith("{") ? JSON.parse(text) : text
          }
        })
      const session = yield* control(emulator, "/v1/sessions/sess_1/tokens")
      const signedIn = { userId: "user_1", permitted: true }
      deepStrictEqual((yield* get({ authorization: `Bearer ${session}` })).body, signedIn)
      deepStrictEqual(
        (yield* get({ ...browser, cookie: `${devCookies}; __session=${session}` })).body,
        signedIn
      )

      const template = yield* control(emulator, "/v1/sessions/sess_1/tokens/example")
      const pending = yield* control(emulator, "/_emulator/sessions/sess_2/token")
      const unsigned = yield* control(emulator, "/_emulator/sessions/sess_1/token", {
        header: { alg: "none" }
      })
      for (const token of [template, pending, unsigned]) {
        const { body } = yield* get({ authorization: `Bearer ${token}` })
        assert.strictEqual(body.userId, null)
      }

      const expired = yield* control(emulator, "/_emulator/sessions/sess_1/token", {
        claims: { iat: 100, nbf: 90, exp: 160 }
      })
      const handshake = yield* get({ ...browser, cookie: `${devCookies}; __session=${expired}` })
      assert.strictEqual(handshake.status, 307)
      assert.strictEqual(new URL(String(handshake.location)).origin, "https://clerk.development.test")
    })
  )
})
