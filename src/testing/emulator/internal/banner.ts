/** The lines that the emulator prints when it starts. A shell takes them as they are: the others are comments. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import type { FakeClerk } from "../../internal/fakeClerk.js"

/** More users than these are counted only. */
const maxUsers = 20

export const banner = (url: string, { engine, secretKey, service }: FakeClerk): Effect.Effect<string> =>
  Effect.gen(function* () {
    const users = engine.clerk.state.users().map(({ id }) => id)
    const more = users.length > maxUsers ? ` and ${users.length - maxUsers} more` : ""
    const sessions = yield* Effect.forEach(yield* service.sessions, ({ id, status, userId }) =>
      Effect.map(
        service.refreshToken(id),
        (token) => `session ${id} of ${userId}, ${status}, refresh token ${Redacted.value(token)}`
      )
    )
    return [
      comment(`fake Clerk at ${url}; everything is in memory; Ctrl-C stops it`),
      variable("CLERK_API_URL", url),
      variable("CLERK_SECRET_KEY", Redacted.value(secretKey)),
      variable("CLERK_PUBLISHABLE_KEY", service.publishableKey),
      variable("CLERK_JWT_KEY", (yield* service.jwtKey).trim()),
      comment(`issuer ${service.issuer}`),
      comment(`users ${users.length === 0 ? "none" : users.slice(0, maxUsers).join(", ")}${more}`),
      ...sessions.map(comment),
      comment(`templates ${[...engine.clerk.templates.keys()].join(", ") || "none"}`),
      comment(`control endpoint ${url}/_emulator`)
    ].join("\n")
  })

const comment = (text: string) => `# ${text.replaceAll(/[\s\p{C}]+/gu, " ")}`

const variable = (name: string, value: string) => `export ${name}=${quote(value)}`

const quote = (value: string) =>
  /^[\w./:@%+=,-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`
