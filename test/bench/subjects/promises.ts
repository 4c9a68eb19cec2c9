/** The same three operations by other clients, as their users call them. */
import { operations, sessionId, userId } from "../wire.js"
import type { Operation } from "../wire.js"
import { ofPromises } from "./subject.js"
import type { Subject, SubjectModule } from "./subject.js"

export const secretKey = "sk_test_0123456789abcdefghijABCDEFGHIJ0123456789"

/** A client of the Backend API at an origin. */
export type Client = (origin: string) => Promise<Subject>

/** The name of a task is that of its operation. */
export const operationOf = (task: string): Operation => {
  const operation = operations.find((operation) => operation === task)
  if (operation === undefined) throw new Error(`no operation ${task}`)
  return operation
}

export const paths: Record<Operation, string> = {
  get: `/v1/sessions/${sessionId}`,
  createToken: `/v1/sessions/${sessionId}/tokens`,
  list: `/v1/sessions?user_id=${userId}&limit=500`
}

export const headers = {
  accept: "application/json",
  authorization: `Bearer ${secretKey}`,
  "clerk-api-version": "2026-05-12",
  "user-agent": "effect-clerk/bench"
}

export const byHand: Client = (origin) =>
  Promise.resolve(
    ofPromises(async (task) => {
      const operation = operationOf(task)
      const method = operation === "createToken" ? "POST" : "GET"
      const response = await fetch(origin + paths[operation], { method, headers })
      return JSON.parse(await response.text())
    })
  )

/** Clerk's own client. It takes the global `fetch` when it is loaded: it is loaded here so that it can be replaced. */
export const sdk: Client = async (origin) => {
  const { createClerkClient } = await import("@clerk/backend")
  const { sessions } = createClerkClient({ secretKey, apiUrl: origin, telemetry: { disabled: true } })
  const calls: Record<Operation, () => Promise<unknown>> = {
    get: () => sessions.getSession(sessionId),
    createToken: () => sessions.getToken(sessionId),
    list: () => sessions.getSessionList({ userId, limit: 500 })
  }
  return ofPromises((task) => calls[operationOf(task)]())
}

/** A subject that fails quickly must not win: every client has to return as much. */
export const checkCall: SubjectModule["check"] = (task, result) => {
  const size = (Array.isArray(result) ? result : (Object(result).data ?? [result])).length
  const due = task.startsWith("list") ? 500 : 1
  return size === due ? undefined : `returned ${size} values instead of ${due}`
}

/** A client of `ours.ts`, which loads effect only when it is made. */
export const lazily =
  (name: "onFetch" | "onUndici" | "onTuned"): Client =>
  async (origin) =>
    (await import("./ours.js"))[name](origin)

/** The client of `plain.ts`, loaded as late. */
export const plain: Client = async (origin) => (await import("./plain.js")).plainOnUndici(origin)
