/** Session tokens that are signed with a new key. */
import { generateKeyPairSync, sign } from "node:crypto"

import type { VerifyContext } from "./subjects/verify.js"
import { signedPart, tokenClaims } from "./wire.js"

/** Different tokens, so that nothing which is remembered of a token makes a verification cheap. */
const count = 256

/** Signs tokens of different sessions. They are valid for longer than a run takes. */
export const signTokens = (): VerifyContext => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
  const token = (index: number) => {
    const signed = signedPart(tokenClaims(86_400, index))
    return `${signed}.${sign("RSA-SHA256", Buffer.from(signed), privateKey).toString("base64url")}`
  }
  return {
    jwtKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
    tokens: Array.from({ length: count }, (_, index) => token(index))
  }
}
