/** Reads the public key of an instance in the spellings that environments make of it. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { importSPKI } from "jose"

/** The key, or why it is refused; the reason never quotes the text. */
export const importKey = (key: Redacted.Redacted | string): Effect.Effect<CryptoKey, string> =>
  Effect.flatMap(toPem(Redacted.isRedacted(key) ? Redacted.value(key) : key), (pem) =>
    Effect.tryPromise({
      try: () => importSPKI(pem, "RS256"),
      catch: () => notAKey
    }).pipe(
      Effect.filterOrFail(isStrong, () => "is a key of less than 2048 bits; copy it from the Clerk Dashboard")
    )
  )

const notAKey =
  'is not an RSA public key in PEM; copy the "JWKS public key" from "API keys" in the Clerk Dashboard'

/** RFC 7518 wants 2048 bits at least, and jose refuses to verify by less. */
export const isStrong = (key: CryptoKey): boolean =>
  "modulusLength" in key.algorithm && Number(key.algorithm.modulusLength) >= 2048

const toPem = (text: unknown, depth = 0): Effect.Effect<string, string> => {
  if (typeof text !== "string") return Effect.fail(notAKey)
  // Files of variables keep quotes and write line ends as escapes.
  const plain = text.replaceAll(/\\[rn]/g, "\n").replaceAll(/^[\s"']+|[\s"']+$/g, "")
  const [, label = "PUBLIC KEY", body = ""] = /^-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----$/.exec(
    plain
  ) ?? ["", undefined, plain]
  if (label.includes("PRIVATE")) {
    return Effect.fail("is a private key; the verifier takes the public key of the instance")
  }
  if (label !== "PUBLIC KEY") {
    return Effect.fail('must start with "-----BEGIN PUBLIC KEY-----"; copy it from the Clerk Dashboard')
  }
  const base64 = body.replaceAll(/\s/g, "")
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
    return Effect.fail(notAKey)
  }
  // Base64 of a whole PEM, as some stores of secrets keep it, begins so.
  return base64.startsWith("LS0tLS1CRUdJTi") && depth === 0
    ? Effect.flatMap(Effect.try({ try: () => atob(base64), catch: () => notAKey }), (pem) => toPem(pem, 1))
    : Effect.succeed(`-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----`)
}
