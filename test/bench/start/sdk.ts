/** The first session with Clerk's own client. */
import { createClerkClient } from "@clerk/backend"

import { sessionId } from "../wire.js"

export const first = async (origin: string): Promise<string> => {
  const clerk = createClerkClient({ secretKey: "sk_test_1", apiUrl: origin, telemetry: { disabled: true } })
  return (await clerk.sessions.getSession(sessionId)).id
}
