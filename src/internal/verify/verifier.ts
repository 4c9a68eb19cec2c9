/** The verification of one token, from its text to claims. */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"

import { TokenMissing, type TokenRejected, type VerificationError } from "../../AuthenticationError.js"
import type { SessionClaims } from "../../SessionClaims.js"
import type { Service } from "../../SessionVerifier.js"
import { verifySignature } from "../fast/verifySignature.js"
import * as Claims from "./claims.js"
import * as Credentials from "./credentials.js"
import { parseBytes } from "./json.js"
import type { FindKey } from "./keys.js"
import type { Policy } from "./policy.js"
import { quote } from "./quote.js"
import { readText } from "./text.js"
import * as Token from "./token.js"

export const make = (policy: Policy, findKey: FindKey): Service => {
  const knownHeaders = new Map<string, string | undefined>()

  /** A single asynchronous step, because each one costs a fiber more than all the checks of claims do. */
  const verifyToken = (token: Token.Token, key: CryptoKey, clock: Clock.Clock) =>
    Effect.async<SessionClaims, VerificationError>((resume) => {
      verifySignature(token.text, key)
        .then((payload) => {
          if (payload === undefined) return Effect.fail(wrongSignature(token))
          // An instance writes few different headers, and only an instance gets here.
          if (knownHeaders.size < maxKnownHeaders) knownHeaders.set(token.header, token.kid)
          return Claims.judge(parseBytes(payload), policy, clock.unsafeCurrentTimeMillis())
        })
        .then(resume, () => resume(Effect.fail(wrongSignature(token))))
    })

  const verify: Service["verify"] = (input) =>
    Effect.clockWith((clock) => {
      const token = Token.parse(readText(input), knownHeaders)
      if (Either.isLeft(token)) return Effect.fail(token.left)
      const key = findKey(token.right.kid, clock.unsafeCurrentTimeMillis())
      return Effect.isEffect(key)
        ? Effect.flatMap(key, (key) => verifyToken(token.right, key, clock))
        : verifyToken(token.right, key, clock)
    })

  return { verify, authenticate: authenticate(verify, policy.cookies) }
}

/** For tests: every token has these claims. */
export const fixed = (claims: SessionClaims): Service => {
  const verify: Service["verify"] = (token) =>
    Effect.suspend(() => {
      const text = readText(token)
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

const maxKnownHeaders = 100

const wrongSignature = ({ kid }: Token.Token): TokenRejected =>
  Token.reject(
    "signature",
    `its signature does not hold for the key ${kid === undefined ? "of the instance" : quote(kid)}; it was altered or comes from another instance`
  )
