/**
 * Sessions as Clerk puts them on the wire, the same for every run.
 *
 * All in ASCII: one letter beyond it in a list slows its conversion to a string, which everybody shares, so much that
 * the differences would look small.
 */

export const operations = ["get", "createToken", "list"] as const

export type Operation = (typeof operations)[number]

/** How a server may send a body: with its length, in chunks, or compressed and in chunks. */
export const encodings = ["length", "chunked", "gzip"] as const

export type Encoding = (typeof encodings)[number]

export const bodyTask = (operation: "get" | "list", encoding: Encoding): string => `${operation}, ${encoding}`

export const tokenTasks = { kept: "SessionTokens.get", minted: "Sessions.createToken" } as const

export const limiterTasks = {
  turn: "a turn",
  within: "Sessions.get with a limiter",
  without: "Sessions.get without"
} as const

/** How many sessions the server of the benchmark has. */
export const sessionsInTotal = 100_000

const statuses = ["active", "active", "active", "ended", "expired", "revoked"] as const

const browsers = [
  ["Chrome", "126.0.6478.127"],
  ["Mobile Safari", "17.5"],
  ["Firefox", "127.0"]
] as const

const day = 86_400_000

const digits = (index: number): string => index.toString(36).padStart(6, "0")

/** The session with this number; `id` names it otherwise than by its number. */
export const wireSession = (index: number, id = `sess_2hQ4vXn7rTgKpLmWzYbE9a${digits(index)}`) => {
  const created = 1_767_225_600_000 - index * 61_000
  const [browser, version] = browsers[index % browsers.length] ?? browsers[0]
  return {
    object: "session",
    id,
    user_id: `user_2hQ4vTqRzZr4c9aJmKfXwD${digits(index >> 3)}`,
    client_id: `client_2hQ4vUd8NfKq2sVxYbGhLm${digits(index >> 1)}`,
    actor: index % 50 === 7 ? { sub: "user_2hQ4vSupport0000000000000" } : null,
    status: statuses[index % statuses.length] ?? "active",
    last_active_organization_id: index % 3 === 0 ? `org_2hQ4vWp3LmNb6tRsQzXcVd${digits(index % 97)}` : null,
    last_active_at: created + 3_600_000,
    latest_activity: {
      object: "session_activity",
      id: `sess_activity_2hQ4vYk5PqRs8uTvWxYzAb${digits(index)}`,
      device_type: index % 3 === 1 ? "iPhone" : "Macintosh",
      is_mobile: index % 3 === 1,
      browser_name: browser,
      browser_version: version,
      ip_address: `203.0.113.${index % 256}`,
      city: index % 4 === 0 ? "Munich" : "Amsterdam",
      country: index % 4 === 0 ? "DE" : "NL"
    },
    expire_at: created + 7 * day,
    abandon_at: created + 30 * day,
    updated_at: created + 3_600_000,
    created_at: created,
    tasks: null
  }
}

/** The sessions from `offset` on, `limit` of them. */
export const wireSessions = (offset: number, limit: number) =>
  Array.from({ length: Math.max(0, limit) }, (_, index) => wireSession(offset + index))

export const sessionId: string = wireSession(0).id
export const userId: string = wireSession(0).user_id

/** The claims of a session token that is valid for the lifetime (in seconds), of the session with this number. */
export const tokenClaims = (lifetime: number, index = 0) => {
  const issuedAt = Math.floor(Date.now() / 1000)
  return {
    azp: "https://app.example.com",
    exp: issuedAt + lifetime,
    fva: [12, -1],
    iat: issuedAt,
    iss: "https://clerk.example.com",
    jti: `0123456789abcd${digits(index)}`,
    nbf: issuedAt - 10,
    sid: wireSession(index).id,
    sub: wireSession(index).user_id,
    v: 2
  }
}

export const tokenHeader = { alg: "RS256", cat: "cl_B7d4PD111AAA", kid: "ins_2hQ4vIns", typ: "JWT" }

/** The part of a token that is signed. */
export const signedPart = (claims: object): string =>
  [tokenHeader, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".")

/** A session token of the usual length, valid for a day. Its signature is made up. */
export const sessionToken = (): string =>
  `${signedPart(tokenClaims(86_400))}.${Buffer.alloc(256, 7).toString("base64url")}`
