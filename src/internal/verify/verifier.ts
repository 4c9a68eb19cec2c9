/** The verification of one token, from its text to claims. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { compactVerify } from "jose"

import { TokenMissing, type TokenRejected } from "../../AuthenticationError.js"
import type { SessionClaims } from "../../SessionClaims.js"
import type { Service } from "../../SessionVerifier.js"
import * as Claims from "./claims.js"
import * as Credentials from "./credentials.js"
import { parseBytes } from "./json.js"
import type { FindKey } from "./keys.js"
import type { Policy } from "./policy.js"
import { quote } from "./quote.js"
import * as Token from "./token.js"

export const make = (policy: Policy, findKey: FindKey): Service => {
  const knownHeaders = new Map<string, string | undefined>()

  const verify: Service["verify"] = (input) =>
    Effect.clockWith((clock) => {
      const parsed = Token.parse(reveal(input), knownHeaders)
      if (Either.isLeft(parsed)) return Effect.fail(parsed.left)
      const token = parsed.right
      return Effect.flatMap(findKey(token.kid, clock.unsafeCurrentTimeMillis()), (key) =>
        Effect.flatMap(verifySignature(token, key), (payload) => {
          // Only instances can add headers here, because the signature holds.
          if (knownHeaders.size < maxKnownHeaders) knownHeaders.set(token.header, token.kid)
          return Claims.judge(parseBytes(payload), policy, clock.unsafeCurrentTimeMillis())
        })
      )
    })

  return { verify, authenticate: authenticate(verify, policy.cookies) }
}

/** For tests: every token has these claims. */
export const fixed = (claims: SessionClaims): Service => {
  const verify: Service["verify"] = (token) =>
    Effect.suspend(() => {
      const text = reveal(token)
      return typeof text === "string" && text !== ""
        ? Effect.succeed(claims)
        : Effect.fail(Token.reject("shape", "it is empty; send any other text as the token of a test"))
    })
  return { verify, authenticate: authenticate(verify, [Credentials.cookie]) }
}

const authenticate =
  (verify: Service["verify"], cookies: ReadonlyArray<string>): Service["authenticate"] =>
  (headers) =>
    Effect.suspend((): ReturnType<Service["authenticate"]> => {
      const credentials = Credentials.find(headers, cookies)
      return credentials === undefined
        ? Effect.fail(new TokenMissing())
        : Effect.map(verify(credentials.token), (claims) => ({
            claims,
            token: Redacted.make(credentials.token),
            carrier: credentials.carrier
          }))
    })

/** An instance writes few different headers. */
const maxKnownHeaders = 100

const algorithms = { algorithms: ["RS256"] }

const verifySignature = (token: Token.Token, key: CryptoKey): Effect.Effect<Uint8Array, TokenRejected> =>
  Effect.async((resume) => {
    compactVerify(token.text, key, algorithms).then(
      ({ payload }) => resume(Effect.succeed(payload)),
      () => resume(Effect.fail(wrongSignature(token)))
    )
  })

const wrongSignature = ({ kid }: Token.Token): TokenRejected =>
  Token.reject(
    "signature",
    `its signature does not hold for the key ${kid === undefined ? "of the instance" : quote(kid)}; it was altered or comes from another instance`
  )

/** The text of a token; `undefined` for what is no text, and for a redacted value that was wiped. */
export const reveal = (token: unknown): unknown => {
  try {
    return Redacted.isRedacted(token) ? Redacted.value(token) : token
  } catch {
    return undefined
  }
}
