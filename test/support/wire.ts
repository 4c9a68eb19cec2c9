/** Requests and responses of the sessions API as plain data. */
import { createHash } from "node:crypto"

export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/** A request as it was sent. */
export interface Request {
  readonly method: string
  /** Path and query as in the request line. */
  readonly target: string
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export const secretKey = "sk_test_0123456789abcdef"

export const activity = {
  object: "session_activity",
  id: "sess_activity_1",
  device_type: "Macintosh",
  is_mobile: false,
  browser_name: "Firefox",
  browser_version: "140.0",
  ip_address: "203.0.113.7",
  city: "Bern",
  country: "CH"
}

export const session = {
  object: "session",
  id: "sess_1",
  user_id: "user_1",
  client_id: "client_1",
  actor: { sub: "user_2", iss: "https://dashboard.example.com", depth: { a: [1, null] } },
  status: "active",
  last_active_organization_id: "org_1",
  last_active_at: 1_700_000_000_000,
  latest_activity: activity,
  expire_at: 1_700_000_600_000,
  abandon_at: 1_700_001_000_000,
  updated_at: 1_700_000_000_001,
  created_at: 1_699_999_999_999,
  tasks: [{ key: "choose-organization" }]
}

export const token = { object: "token", jwt: "eyJhbGciOiJSUzI1NiJ9.e30.c2ln" }

/** The envelope of an error response with one entry. */
export const envelope = (code = "form_param_invalid", message = "is invalid") => ({
  errors: [{ code, message, long_message: `${message}, at length`, meta: { param_name: "user_id" } }],
  clerk_trace_id: "trace_1"
})

const digest = (text: string) => createHash("sha256").update(text).digest("base64url")

/** The secrets that a response holds. They depend on the caller's key, so that a test knows what must not leak. */
export const secretsOf = (authorization: string) => {
  const payload = Buffer.from(
    JSON.stringify({ sid: "sess_1", jti: digest(`jti ${authorization}`) })
  ).toString("base64url")
  return {
    jwt: `eyJhbGciOiJSUzI1NiJ9.${payload}.${digest(`signature ${authorization}`)}`,
    refreshCookie: digest(`refresh ${authorization}`)
  }
}

export const tokenFor = ({ headers }: Request): JsonObject => ({
  object: "token",
  jwt: secretsOf(headers["authorization"] ?? "").jwt
})

export const cookiesFor = ({ headers }: Request): JsonObject => {
  const { jwt, refreshCookie } = secretsOf(headers["authorization"] ?? "")
  return {
    object: "cookies",
    cookies: [`__session=${jwt}; Path=/; Secure`, `__refresh_x7Fg=${refreshCookie}; Path=/; HttpOnly`]
  }
}

/** The kinds of success that the operations decode. */
export type Kind = "session" | "list" | "page" | "token" | "cookies"

const kindOf = ({ body, method, target }: Request): Kind => {
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

/** Returns what Clerk responds to a request. `change` sees the session, token or cookies before a list wraps it. */
export const responseTo = (
  request: Request,
  change: (model: JsonObject) => Json = (model) => model
): Json => {
  switch (kindOf(request)) {
    case "session":
      return change(session)
    case "list":
      return [change(session)]
    case "page":
      return { data: [change(session)], total_count: 1 }
    case "token":
      return change(tokenFor(request))
    case "cookies":
      return change(cookiesFor(request))
  }
}
