/** Imports public keys, from key sets and from the spellings that environments make of a PEM. */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"

import { readText } from "./text.js"

const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }

/** RFC 7518 wants 2048 bits at least, and jose refuses to verify with less. */
const isStrong = (key: CryptoKey): boolean =>
  "modulusLength" in key.algorithm && Number(key.algorithm.modulusLength) >= 2048

const imported = (key: () => Promise<CryptoKey>): Effect.Effect<CryptoKey, string> =>
  Effect.tryPromise({ try: key, catch: () => notAKey }).pipe(
    Effect.filterOrFail(isStrong, () => "is a key of less than 2048 bits; copy it from the Clerk Dashboard")
  )

/** A key of a key set, or why it is refused. */
export const fromJwk = (n: string, e: string): Effect.Effect<CryptoKey, string> =>
  imported(() => crypto.subtle.importKey("jwk", { kty: "RSA", n, e }, algorithm, false, ["verify"]))

/** The key of a PEM, or why it is refused; the reason never quotes the text. */
export const fromPem = (pem: Redacted.Redacted | string): Effect.Effect<CryptoKey, string> =>
  Effect.flatMap(toBytes(readText(pem)), (bytes) =>
    imported(() => crypto.subtle.importKey("spki", bytes, algorithm, false, ["verify"]))
  )

const notAKey =
  'is not an RSA public key in PEM; copy the "JWKS public key" from "API keys" in the Clerk Dashboard'

const toBytes = (
  text: string | undefined,
  isInner = false
): Effect.Effect<Uint8Array<ArrayBuffer>, string> => {
  if (text === undefined) return Effect.fail(notAKey)
  // Files of variables keep quotes and write line ends as escapes.
  const plain = text.replaceAll(/\\[rn]/g, "\n").replaceAll(/^[\s"']+|[\s"']+$/g, "")
  const [, label = "PUBLIC KEY", body = plain] =
    /^-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----$/.exec(plain) ?? []
  if (label.includes("PRIVATE")) {
    return Effect.fail("is a private key; the verifier takes the public key of the instance")
  }
  if (label !== "PUBLIC KEY") {
    return Effect.fail('must start with "-----BEGIN PUBLIC KEY-----"; copy it from the Clerk Dashboard')
  }
  return Effect.flatMap(
    Effect.try({ try: () => atob(body), catch: () => notAKey }),
    // Some stores of secrets keep base64 of a whole PEM.
    (decoded) =>
      decoded.startsWith("-----BEGIN") && !isInner
        ? toBytes(decoded, true)
        : Effect.succeed(Uint8Array.from(decoded, (character) => character.charCodeAt(0)))
  )
}
