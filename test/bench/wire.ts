/**
 * Sessions as Clerk puts them on the wire, the same for every run.
 *
 * All in ASCII: one letter beyond it in a list slows its conversion to a string, which everybody shares, so much that
 * the differences would look small.
 */

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

/** A session token of the usual length; its signature is made up. */
export const token = [
  Buffer.from(
    JSON.stringify({ alg: "RS256", cat: "cl_B7d4PD111AAA", kid: "ins_2hQ4vIns", typ: "JWT" })
  ).toString("base64url"),
  Buffer.from(
    JSON.stringify({
      azp: "https://app.example.com",
      exp: 1_767_225_660,
      fva: [12, -1],
      iat: 1_767_225_600,
      iss: "https://clerk.example.com",
      nbf: 1_767_225_590,
      sid: "sess_2hQ4vXn7rTgKpLmWzYbE9a000000",
      sts: "active",
      sub: "user_2hQ4vTqRzZr4c9aJmKfXwD000000",
      v: 2
    })
  ).toString("base64url"),
  Buffer.alloc(256, 7).toString("base64url")
].join(".")
