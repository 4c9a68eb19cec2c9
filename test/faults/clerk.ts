/** What an honest Clerk would answer to a request, as plain wire data that the faults then bend. */
import { createHash } from "node:crypto"

import type { Seen } from "./server.js"

export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

export const activity: JsonObject = {
  object: "session_activity",
  id: "act_1",
  device_type: "Macintosh",
  is_mobile: false,
  browser_name: "Chrome",
  browser_version: "126.0",
  ip_address: "203.0.113.7",
  city: "Wien",
  country: "AT"
}

export const session: JsonObject = {
  object: "session",
  id: "sess_1",
  user_id: "user_1",
  client_id: "client_1",
  actor: { sub: "user_2" },
  status: "active",
  last_active_organization_id: "org_1",
  last_active_at: 1_700_000_000_000,
  latest_activity: activity,
  expire_at: 1_700_600_000_000,
  abandon_at: 1_702_600_000_000,
  updated_at: 1_700_000_000_001,
  created_at: 1_700_000_000_000,
  tasks: [{ key: "choose-organization" }]
}

const digest = (text: string) => createHash("sha256").update(text).digest("base64url")

/**
 * What is minted for a caller, made from its key: so every generated key makes an answer of its own, and a test that
 * knows the key knows what must not leak.
 */
export const mintedFor = (authorization: string) => {
  const payload = Buffer.from(
    JSON.stringify({ sid: "sess_1", jti: digest(`jti ${authorization}`) })
  ).toString("base64url")
  return {
    jwt: `eyJhbGciOiJSUzI1NiJ9.${payload}.${digest(`signature ${authorization}`)}`,
    refreshCookie: digest(`refresh ${authorization}`)
  }
}

export const tokenFor = ({ headers }: Seen): JsonObject => ({
  object: "token",
  jwt: mintedFor(headers["authorization"] ?? "").jwt
})

export const cookiesFor = ({ headers }: Seen): JsonObject => {
  const { jwt, refreshCookie } = mintedFor(headers["authorization"] ?? "")
  return {
    object: "cookies",
    cookies: [`__session=${jwt}; Path=/; Secure`, `__refresh_x7Fg=${refreshCookie}; Path=/; HttpOnly`]
  }
}

export const envelope: JsonObject = {
  errors: [
    { message: "is invalid", long_message: "The parameter is invalid.", code: "form_param_invalid", meta: {} }
  ],
  clerk_trace_id: "trace_1"
}

/** The kinds of answer that the operations know. */
export type Kind = "session" | "list" | "page" | "token" | "cookies"

export const kindOf = ({ body, method, target }: Seen): Kind => {
  const [path = "", query = ""] = target.split("?")
  const [id, action] = path
    .slice(path.lastIndexOf("/v1/sessions") + "/v1/sessions".length)
    .split("/")
    .slice(1)
  if (action === "refresh") return body.includes(`"format":"cookie"`) ? "cookies" : "token"
  if (action === "tokens") return "token"
  if (id !== undefined || method === "POST") return "session"
  return new URLSearchParams(query).get("paginated") === "true" ? "page" : "list"
}

/** The honest answer to a request; `bend` gets at its session, token or cookies before a list or page wraps it. */
export const answerTo = (request: Seen, bend: (model: JsonObject) => Json = (model) => model): Json => {
  switch (kindOf(request)) {
    case "session":
      return bend(session)
    case "list":
      return [bend(session)]
    case "page":
      return { data: [bend(session)], total_count: 1 }
    case "token":
      return bend(tokenFor(request))
    case "cookies":
      return bend(cookiesFor(request))
  }
}
