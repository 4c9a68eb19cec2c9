/** A worker's `fetch` handler: the layers are built once, by the first request, and serve all that follow. */
import { Effect, ManagedRuntime, Redacted } from "effect"
import { ClerkConfig, Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"

// In production: Layer.merge(FetchHttpClient.layer, ClerkConfig.layer({ secretKey: Redacted.make(env.CLERK_SECRET_KEY) })).
const runtime = ManagedRuntime.make(
  ClerkTest.layer({
    secretKey: Redacted.make("sk_test_worker"),
    sessions: [{ id: "sess_1" }]
  })
)

const status = (sessionId: string) =>
  Sessions.get(sessionId).pipe(
    // A worker has little time; its caller is better served by a quick answer.
    ClerkConfig.withTimeout("2 seconds"),
    Effect.map(({ status }) => Response.json({ status })),
    Effect.catchTags({
      NotFound: () => Effect.succeed(Response.json({ status: "gone" }, { status: 404 })),
      InvalidRequest: () => Effect.succeed(new Response(null, { status: 400 }))
    }),
    // What is left is between this worker and Clerk: for the log, and not for the caller.
    Effect.catchAll((error) => Effect.as(Effect.logError(error), new Response(null, { status: 502 })))
  )

const worker = {
  fetch(request: Request): Promise<Response> {
    const sessionId = new URL(request.url).pathname.slice(1)
    // A caller that hangs up interrupts the call to Clerk.
    return runtime.runPromise(status(sessionId), { signal: request.signal })
  }
}

export default worker

// What a worker's host does.
for (const path of ["sess_1", "sess_none", ""]) {
  const response = await worker.fetch(new Request(`https://worker.example.com/${path}`))
  console.log(`/${path}: ${response.status} ${await response.text()}`)
}
await runtime.dispose()
