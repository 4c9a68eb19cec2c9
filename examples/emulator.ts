/**
 * A Clerk on loopback for programs in any language: `npm run emulator -- [--port 4200] [--secret-key sk_test_…]`.
 * It forgets everything when it stops.
 */
import { createServer } from "node:http"
import { parseArgs } from "node:util"

import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Logger, LogLevel, Option, Redacted } from "effect"
import { ClerkConfig } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"

const flags = parseArgs({
  options: { port: { type: "string", default: "4200" }, "secret-key": { type: "string" } }
}).values

const ServerLive = Layer.unwrapEffect(
  Effect.sync(() => {
    const server = createServer()
    // Clients keep connections in stock that they never use; Node would wait until those are closed.
    const CloseAll = Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections()))
    return Layer.provideMerge(
      Layer.scopedDiscard(CloseAll),
      NodeHttpServer.layer(() => server, { host: "127.0.0.1", port: Number(flags.port) })
    )
  })
)

const ClerkLive = ClerkTest.layerServer({
  secretKey: flags["secret-key"],
  users: ["user_1", "user_2"],
  sessions: [{ id: "sess_1", userId: "user_1" }],
  templates: { example: { claims: { role: "editor" } } }
})

const announce = Effect.gen(function* () {
  const { apiUrl, secretKey } = yield* ClerkConfig.ClerkConfig
  yield* Console.log(`A Clerk at ${apiUrl}

  export CLERK_API_URL=${apiUrl}
  export CLERK_SECRET_KEY=${Redacted.value(secretKey)}

It knows the users user_1 and user_2, the JWT template "example", and the session sess_1 of user_1,
whose refresh token is ${Redacted.value(yield* ClerkTest.refreshToken("sess_1"))}. Ctrl-C stops it.
`)
})

/** Every request leaves a line in the debug log. */
const LogLive = Layer.merge(
  Logger.minimumLogLevel(LogLevel.Debug),
  Layer.setUnhandledErrorLogLevel(Option.none())
)

NodeRuntime.runMain(
  Layer.launch(
    Layer.effectDiscard(announce).pipe(
      Layer.provide(ClerkLive),
      Layer.provide(ServerLive),
      Layer.provide(LogLive)
    )
  )
)
