/**
 * Equals `ParseResult.decodeUnknownOption(SessionClaims.fromPayload)`, where it returns a value.
 *
 * It returns `undefined` for anything else; the schema then decodes or fails. Gain: 6 µs in place of 25 µs for every
 * verified token.
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

import type { SessionId, UserId } from "../../Session.js"
import type { SessionClaims } from "../../SessionClaims.js"
import * as NormalForm from "../verify/normalForm.js"

export const decodeClaims = (payload: unknown): SessionClaims | undefined => {
  if (!Predicate.isRecord(payload)) return undefined
  const { act, azp, exp, iat, iss, jti, nbf, sid, sts, sub } = payload
  return isId<UserId>(sub) &&
    isId<SessionId>(sid) &&
    isTime(exp) &&
    (iat === undefined || isTime(iat)) &&
    (nbf === undefined || isTime(nbf)) &&
    isOptional(iss, Predicate.isString) &&
    isOptional(azp, Predicate.isString) &&
    isOptional(jti, Predicate.isString) &&
    isOptional(act, Predicate.isRecord) &&
    (sts === undefined || sts === null || sts === "active" || sts === "pending")
    ? NormalForm.normalize(payload, {
        userId: sub,
        sessionId: sid,
        issuer: Option.fromNullable(iss),
        issuedAt: iat === undefined ? Option.none() : start(iat),
        expiresAt: DateTime.unsafeMake(NormalForm.endMillis(exp)),
        notBefore: nbf === undefined ? Option.none() : start(nbf),
        authorizedParty: Option.fromNullable(azp),
        tokenId: Option.fromNullable(jti),
        status: sts ?? "active",
        actor: Option.fromNullable(act)
      })
    : undefined
}

export const isId = <Id extends string>(claim: unknown): claim is Id =>
  typeof claim === "string" && claim !== ""

export const isTime = (claim: unknown): claim is number =>
  typeof claim === "number" && Math.abs(claim) <= 8.64e12

const isOptional = <A>(claim: unknown, is: (claim: unknown) => claim is A): claim is A | null | undefined =>
  claim === undefined || claim === null || is(claim)

const start = (seconds: number): Option.Option<DateTime.Utc> =>
  Option.some(DateTime.unsafeMake(NormalForm.startMillis(seconds)))
