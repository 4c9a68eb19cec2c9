/**
 * From the import of a client to its first session, in wall time, as a consumer's process does it: plain Node and the
 * built package. Run by itself, with the name of a client and the origin of the server.
 */
import { readdirSync, readFileSync } from "node:fs"

const [client, origin] = process.argv.slice(2)
const secretKey = "sk_test_0123456789abcdefghijABCDEFGHIJ0123456789"
const sessionId = "sess_2hQ4vXn7rTgKpLmWzYbE9a000000"

const clients = {
  fetch: async () => {
    const response = await fetch(`${origin}/v1/sessions/${sessionId}`)
    return JSON.parse(await response.text()).id
  },
  sdk: async () => {
    const { createClerkClient } = await import("@clerk/backend")
    const clerk = createClerkClient({ secretKey, apiUrl: origin, telemetry: { disabled: true } })
    return (await clerk.sessions.getSession(sessionId)).id
  },
  /** The modules of effect and its platform that ours is built on, and their bare HTTP client. */
  leaves: async () => {
    await Promise.all(Array.from(leaves, (module) => import(module)))
    const Effect = await import("effect/Effect")
    const HttpClient = await import("@effect/platform/HttpClient")
    const FetchHttpClient = await import("@effect/platform/FetchHttpClient")
    const session = await HttpClient.get(`${origin}/v1/sessions/${sessionId}`).pipe(
      Effect.flatMap((response) => response.json),
      Effect.provide(FetchHttpClient.layer),
      Effect.runPromise
    )
    return session.id
  },
  ours: async () => {
    const [Effect, Layer, Redacted, FetchHttpClient, { ClerkConfig, Sessions }] = await Promise.all([
      import("effect/Effect"),
      import("effect/Layer"),
      import("effect/Redacted"),
      import("@effect/platform/FetchHttpClient"),
      import("effect-clerk")
    ])
    const config = ClerkConfig.layer({ secretKey: Redacted.make(secretKey), apiUrl: origin })
    const session = await Sessions.get(sessionId).pipe(
      Effect.provide(Layer.merge(config, FetchHttpClient.layer)),
      Effect.runPromise
    )
    return session.id
  }
}

const dist = new URL("../../dist/", import.meta.url)
const leaves = new Set()
if (client === "leaves") {
  for (const file of ["", "internal/"].flatMap((folder) =>
    readdirSync(new URL(folder, dist)).map((name) => folder + name)
  )) {
    if (file.endsWith(".js") && !file.includes("undici")) {
      for (const [, module] of readFileSync(new URL(file, dist), "utf8").matchAll(/from "(@?effect\/.+)"/g)) {
        leaves.add(module)
      }
    }
  }
}

const start = performance.now()
const id = await clients[client]()
const milliseconds = performance.now() - start
if (id !== sessionId) {
  throw new Error(`${client} gave ${id}`)
}
console.log(JSON.stringify({ milliseconds }))
