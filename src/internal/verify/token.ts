/** The shape and the header of a token: everything that is checked before a key is needed. */
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import { decode } from "jose/base64url"

import type { RejectionReason } from "../../AuthenticationError.js"
import { TokenRejected } from "../../AuthenticationError.js"
import { parseBytes } from "./json.js"
import { quote } from "./quote.js"

/** A token with a header in order; its signature has not been verified. */
export interface Token {
  readonly text: string
  /** The header as the token spells it. */
  readonly header: string
  /** The id of the key that the header names. */
  readonly kid: string | undefined
}

/** The ids of keys by header, for headers that have been checked before. */
export type KnownHeaders = ReadonlyMap<string, string | undefined>

export const reject = (reason: RejectionReason, detail: string): TokenRejected =>
  new TokenRejected({ reason, detail })

export const parse = (text: string | undefined, known: KnownHeaders): Either.Either<Token, TokenRejected> => {
  const parts = text === undefined ? null : shape.exec(text)
  if (parts === null) {
    return Either.left(reject("shape", "expected three parts of base64url; send the token as it was issued"))
  }
  // The expression has three groups, each of at least one character.
  const [token, header, payload, signature] = parts as unknown as [string, string, string, string]
  if (hasStrayBits(header) || hasStrayBits(payload) || hasStrayBits(signature)) {
    return Either.left(reject("shape", "a part does not end at a byte; send the token as it was issued"))
  }
  return known.has(header)
    ? Either.right({ text: token, header, kid: known.get(header) })
    : Either.map(checkHeader(parseBytes(decode(header))), (kid) => ({ text: token, header, kid }))
}

const shape = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/

/** Whether base64url has bits after its last byte. jose ignores them, so that one token would have many spellings. */
const hasStrayBits = (part: string): boolean => {
  switch (part.length % 4) {
    case 0:
      return false
    case 2:
      return !/[AQgw]$/.test(part)
    case 3:
      return !/[AEIMQUYcgkosw048]$/.test(part)
    default:
      return true
  }
}

const checkHeader = (header: unknown): Either.Either<string | undefined, TokenRejected> => {
  if (!Predicate.isRecord(header)) {
    return Either.left(reject("shape", "the header is not a JSON object; send the token as it was issued"))
  }
  const { alg, cat, kid, typ } = header
  if (typ !== undefined && typ !== "JWT") {
    return Either.left(reject("kind", `its type is ${show(typ)}; send a session token, whose type is "JWT"`))
  }
  if (cat !== undefined && !categories.has(cat)) {
    return Either.left(
      reject(
        "kind",
        cat === templateCategory
          ? "it is a token of a JWT template; send a session token, which getToken() returns without a template"
          : `its category is ${show(cat)}; send a session token`
      )
    )
  }
  if (alg !== "RS256") {
    return Either.left(
      reject("algorithm", `it is signed by ${show(alg)}; Clerk signs session tokens by "RS256"`)
    )
  }
  if ("crit" in header) {
    return Either.left(reject("shape", "its header has critical extensions (crit); session tokens have none"))
  }
  return kid === undefined || typeof kid === "string"
    ? Either.right(kid)
    : Either.left(reject("shape", "its key id (kid) is not a string; send the token as it was issued"))
}

/** The header `cat` of session tokens; the second stands for "ignore". */
const categories: ReadonlySet<unknown> = new Set(["cl_B7d4PD111AAA", "cl_I7d4PD111III"])

const templateCategory = "cl_B7d4PD222AAA"

const show = (value: unknown): string => (typeof value === "string" ? quote(value) : "not a string")
