/** Instances that sign tokens, and a Clerk that serves their keys. */
import { Effect, Layer, Redacted } from "effect"
import { type ClerkConfig } from "effect-clerk"
import * as SessionVerifier from "effect-clerk/SessionVerifier"
import { ClerkTest } from "effect-clerk/testing"
import { CompactSign, exportJWK, exportSPKI, generateKeyPair, type JWK } from "jose"

/** The key pair of an instance, and what others see of it. */
export interface Instance {
  readonly kid: string
  readonly jwk: JWK
  readonly pem: string
  readonly privateKey: CryptoKey
}

const makeInstance = async (kid: string): Promise<Instance> => {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: "RS256", use: "sig" }
  return { kid, jwk, pem: await exportSPKI(publicKey), privateKey }
}

const made = new Map<string, Promise<Instance>>()

/** The instance whose key has this id: always the same, because making a key takes long. */
export const instance = (kid = "ins_one"): Effect.Effect<Instance> =>
  Effect.promise(() => {
    const known = made.get(kid) ?? makeInstance(kid)
    made.set(kid, known)
    return known
  })

export type Json = Readonly<Record<string, unknown>>

/** Clerk's header of a session token. */
export const sessionHeader = (kid: string): Json => ({
  alg: "RS256",
  cat: "cl_B7d4PD111AAA",
  kid,
  typ: "JWT"
})

/** Seconds since the epoch, in the middle of what tests do. */
export const iat = 1_700_000_000

/** Claims of a session token, as Clerk writes them at `iat`. */
export const sessionClaims = (more: Json = {}): Json => ({
  azp: "https://example.com",
  exp: iat + 60,
  fva: [3, -1],
  iat,
  iss: "https://clerk.example.com",
  jti: "0123456789abcdef0123",
  nbf: iat - 10,
  sid: "sess_1",
  sub: "user_1",
  v: 2,
  ...more
})

/** Signs a payload; the header may be of any kind, for it is not looked at. */
export const sign = (
  { kid, privateKey }: Instance,
  payload: unknown = sessionClaims(),
  header: unknown = sessionHeader(kid)
): Effect.Effect<string> => signBytes(privateKey, new TextEncoder().encode(JSON.stringify(payload)), header)

/** Signs bytes by RS256, whatever the header says. */
export const signBytes = (key: CryptoKey, payload: Uint8Array, header: unknown): Effect.Effect<string> =>
  Effect.promise(async () => {
    const signed = `${base64url(JSON.stringify(header))}.${base64url(payload)}`
    const signature = await crypto.subtle.sign("RSASSA-PKCS1-v1_5", key, new TextEncoder().encode(signed))
    return `${signed}.${base64url(new Uint8Array(signature))}`
  })

/** Signs by another algorithm than the header of session tokens names. */
export const signAs = (alg: string, key: CryptoKey | Uint8Array, header: Json): Effect.Effect<string> =>
  Effect.promise(() =>
    new CompactSign(new TextEncoder().encode(JSON.stringify(sessionClaims())))
      .setProtectedHeader({ ...header, alg })
      .sign(key)
  )

export const base64url = (value: string | Uint8Array): string => Buffer.from(value).toString("base64url")

export const secretKey = "sk_test_0123456789abcdef"

/** A Clerk that serves a key set, or what `respond` says. It counts the requests. */
export const serveKeys = (
  respond: () => Effect.Effect<Response, Error>,
  options: {
    readonly verifier?: SessionVerifier.KeySetOptions
    readonly config?: Partial<ClerkConfig.Options>
  } = {}
) => {
  const requests: Array<Request> = []
  const clerk = ClerkTest.layerHandler(
    (request) =>
      Effect.suspend(() => {
        requests.push(request)
        return respond()
      }),
    { config: { secretKey: Redacted.make(secretKey), ...options.config } }
  )
  return { requests, layer: Layer.provide(SessionVerifier.layer(options.verifier), clerk) }
}

export const keySet = (...instances: ReadonlyArray<Instance>): Response =>
  Response.json({ keys: instances.map(({ jwk }) => jwk) })

/** A verifier with the key of one instance. */
export const withKey = (options: SessionVerifier.Options = {}, kid?: string) =>
  Layer.unwrapEffect(
    Effect.map(instance(kid), ({ pem }) => SessionVerifier.layerKey({ jwtKey: pem, ...options }))
  )

/** The token with a header that names another key; its signature no longer holds. */
export const forge = (token: string, kid: string): string =>
  [base64url(JSON.stringify(sessionHeader(kid))), ...token.split(".").slice(1)].join(".")

/** Waits for real asynchronous work, which no clock moves. */
export const until = (holds: () => boolean): Effect.Effect<void> =>
  Effect.repeat(
    Effect.promise(() => new Promise((resolve) => setImmediate(resolve))),
    { until: holds }
  ).pipe(Effect.asVoid)

/** The same private key for another RSA algorithm. */
export const reimport = (key: CryptoKey, alg: string): Effect.Effect<CryptoKey> =>
  Effect.promise(async () => {
    const jwk = await exportJWK(key)
    const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: `SHA-${alg.slice(2)}` }
    return crypto.subtle.importKey("jwk", { ...jwk, alg }, algorithm, false, ["sign"])
  })
