/** A worker's `fetch` handler: the first request builds the layers, and the following ones share them and their keys. */
import { Effect, Layer, ManagedRuntime, Redacted } from "effect"
import { ClerkConfig, Sessions } from "effect-clerk"
import * as SessionVerifier from "effect-clerk/SessionVerifier"
import { ClerkTest } from "effect-clerk/testing"

// In production, in place of the fake Clerk:
// Layer.merge(FetchHttpClient.layer, ClerkConfig.layer({ secretKey: Redacted.make(env.CLERK_SECRET_KEY) }))
const ClerkLive = ClerkTest.layer({ sessions: [{ id: "sess_1", userId: "user_1" }] })

const runtime = ManagedRuntime.make(SessionVerifier.layer().pipe(Layer.provideMerge(ClerkLive)))

const devices = (request: Request) =>
  Effect.gen(function* () {
    const { claims } = yield* SessionVerifier.authenticate(request.headers)
    const sessions = yield* Sessions.list({ userId: claims.userId })
    return Response.json(sessions.map(({ id, status }) => ({ id, status })))
  }).pipe(
    // A worker has little time, and its caller is served better by a quick answer.
    ClerkConfig.withTimeout("2 seconds"),
    Effect.catchTags({
      TokenMissing: () => Effect.succeed(new Response("sign in", { status: 401 })),
      TokenExpired: () => Effect.succeed(new Response("get a new token", { status: 401 })),
      TokenRejected: ({ reason }) => Effect.succeed(new Response(reason, { status: 401 }))
    }),
    // The rest lies between this worker and Clerk: the log gets the reason, the caller does not.
    Effect.catchAll((error) => Effect.as(Effect.logError(error), new Response(null, { status: 503 })))
  )

const worker = {
  fetch(request: Request): Promise<Response> {
    // A caller that hangs up interrupts the request to Clerk.
    return runtime.runPromise(devices(request), { signal: request.signal })
  }
}

export default worker

// The rest is what a worker's host does.
const { jwt } = await runtime.runPromise(Sessions.createToken("sess_1"))
for (const authorization of [`Bearer ${Redacted.value(jwt)}`, "Bearer forged", ""]) {
  const response = await worker.fetch(
    new Request("https://worker.example.com/", { headers: { authorization } })
  )
  console.log(`${response.status} ${await response.text()}`)
}
await runtime.dispose()
