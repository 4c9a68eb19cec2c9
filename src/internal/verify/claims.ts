/** Judges the claims of a token whose signature holds. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"

import * as AuthenticationError from "../../AuthenticationError.js"
import type { SessionId } from "../../Session.js"
import type * as SessionClaims from "../../SessionClaims.js"
import { decodeClaims, expectedTime, isId, isTime } from "../fast/decodeClaims.js"
import { endMillis, type Payload, startMillis } from "./normalForm.js"
import type { Policy } from "./policy.js"
import { quote } from "./quote.js"
import { reject } from "./token.js"

/** The claims, if they are accepted at this time in milliseconds; else the first reason against them. */
export const judge = (
  payload: unknown,
  policy: Policy,
  now: number
): Either.Either<SessionClaims.SessionClaims, AuthenticationError.VerificationError> => {
  const refusal = checkPayload(payload, policy, now)
  return refusal === undefined
    ? Either.flatMap(
        Either.mapLeft(decodeClaims(payload), (detail) => reject("claims", detail)),
        (claims) => checkStatus(claims, policy)
      )
    : Either.left(refusal)
}

type Refusal = AuthenticationError.VerificationError | undefined

const checkPayload = (payload: unknown, policy: Policy, now: number): Refusal => {
  if (!Predicate.isRecord(payload)) {
    return reject("shape", "its payload is not a JSON object; send the token as it was issued")
  }
  const { sid, sub } = payload
  if (!isId(sub)) return reject("claims", "it names no user (sub); send a session token")
  if (sub.startsWith("mch_")) return reject("kind", "it is a token of a machine; send a session token")
  if (!isId<SessionId>(sid)) return reject("claims", "it names no session (sid); send a session token")
  return (
    checkAudience(payload["aud"], policy) ??
    checkParty(payload["azp"], policy) ??
    checkIssuer(payload["iss"], policy) ??
    checkExpiry(payload["exp"], sid, policy, now) ??
    checkStart("nbf", payload, policy, now) ??
    checkStart("iat", payload, policy, now)
  )
}

const checkAudience = (aud: unknown, { audiences }: Policy): Refusal =>
  audiences === undefined || (Array.isArray(aud) ? aud : [aud]).some((one) => audiences.has(one))
    ? undefined
    : reject(
        "audience",
        aud === undefined
          ? "it has no audience (aud); add one to the session token in the Clerk Dashboard, or leave the option audience out"
          : "its audience (aud) is none of the option audience; send a token for this service"
      )

const checkParty = (azp: unknown, { acceptMissingParty, parties }: Policy): Refusal => {
  if (parties === undefined || parties.has(azp)) return undefined
  if (typeof azp === "string") {
    return reject(
      "party",
      `its party (azp) ${quote(azp)} is none of authorizedParties; add the origin if it is yours`
    )
  }
  if (azp !== undefined && azp !== null) return reject("claims", "azp: expected a string")
  return acceptMissingParty
    ? undefined
    : reject(
        "party",
        "it has no party (azp), as tokens of Sessions.createToken; set acceptMissingParty to accept such tokens"
      )
}

const checkIssuer = (iss: unknown, { issuer }: Policy): Refusal =>
  issuer === undefined || iss === issuer
    ? undefined
    : reject(
        "issuer",
        `its issuer (iss) is ${typeof iss === "string" ? quote(iss) : "missing"}, not ${quote(issuer)}; check that secret key and frontend are of one instance`
      )

const checkExpiry = (exp: unknown, sessionId: SessionId, { clockSkew }: Policy, now: number): Refusal => {
  if (!isTime(exp)) return reject("claims", `exp: ${expectedTime}`)
  const end = endMillis(exp)
  return end <= now - clockSkew
    ? new AuthenticationError.TokenExpired({
        sessionId,
        expiredAt: DateTime.unsafeMake(end),
        ago: Duration.millis(now - end)
      })
    : undefined
}

const checkStart = (claim: "nbf" | "iat", payload: Payload, { clockSkew }: Policy, now: number): Refusal => {
  const time = payload[claim]
  if (time === undefined) return undefined
  if (!isTime(time)) return reject("claims", `${claim}: ${expectedTime}`)
  const start = startMillis(time)
  return start > now + clockSkew
    ? new AuthenticationError.TokenNotYetValid({
        claim,
        validFrom: DateTime.unsafeMake(start),
        ahead: Duration.millis(start - now)
      })
    : undefined
}

const checkStatus = (
  claims: SessionClaims.SessionClaims,
  { acceptPending }: Policy
): Either.Either<SessionClaims.SessionClaims, AuthenticationError.SessionPending> =>
  claims.status === "active" || acceptPending
    ? Either.right(claims)
    : Either.left(
        new AuthenticationError.SessionPending({ sessionId: claims.sessionId, userId: claims.userId })
      )
