/** Verification of session tokens with a key that is there. */
import { webcrypto } from "node:crypto"

import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"

import { names } from "../names.js"
import { importModule, ofPromises } from "./subject.js"
import type { Subject, SubjectModule } from "./subject.js"

/** What the section gives: a public key as PEM, and valid session tokens of different sessions. */
export interface VerifyContext {
  readonly jwtKey: string
  readonly tokens: ReadonlyArray<string>
}

/** What is used of `effect-clerk/SessionVerifier`. */
interface VerifierModule {
  readonly layerKey: (options: { readonly jwtKey: string }) => Layer.Layer<Verifier, unknown>
  readonly verify: (token: string) => Effect.Effect<unknown, unknown, Verifier>
}

declare const verifier: unique symbol
interface Verifier {
  readonly [verifier]: unknown
}

/** Returns the tokens in turn, from the first one again after the last. */
const inTurn = (tokens: ReadonlyArray<string>) => {
  let at = 0
  return (): string => tokens[at++ % tokens.length] ?? ""
}

const rs256 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }

const derOf = (pem: string): Buffer => Buffer.from(pem.replaceAll(/-----.*?-----|\s/g, ""), "base64")

/** The floor: the signature alone, of bytes that are there. */
const subtle = async ({ jwtKey, tokens }: VerifyContext): Promise<Subject> => {
  const key = await webcrypto.subtle.importKey("spki", derOf(jwtKey), rs256, false, ["verify"])
  const parts = tokens.map((token) => {
    const [header = "", payload = "", signature = ""] = token.split(".")
    return [Buffer.from(signature, "base64url"), Buffer.from(`${header}.${payload}`)] as const
  })
  let at = 0
  return ofPromises(async () => {
    const [signature, signed] = parts[at++ % parts.length] ?? []
    if (signature === undefined || signed === undefined) throw new Error("no tokens")
    return { valid: await webcrypto.subtle.verify(rs256, key, signature, signed) }
  })
}

const jose = async ({ jwtKey, tokens }: VerifyContext): Promise<Subject> => {
  const { importSPKI, jwtVerify } = await import("jose")
  const key = await importSPKI(jwtKey, "RS256")
  const next = inTurn(tokens)
  return ofPromises(() => jwtVerify(next(), key))
}

const sdk = async ({ jwtKey, tokens }: VerifyContext): Promise<Subject> => {
  const { verifyToken } = await import("@clerk/backend")
  const next = inTurn(tokens)
  return ofPromises(() => verifyToken(next(), { jwtKey }))
}

const ours = async ({ jwtKey, tokens }: VerifyContext): Promise<Subject> => {
  // This module's documented interface, as far as it is used here.
  const { layerKey, verify } = (await importModule("SessionVerifier")) as VerifierModule
  const ManagedRuntime = await import("effect/ManagedRuntime")
  const { ofEffects } = await import("./effects.js")
  const next = inTurn(tokens)
  return ofEffects(ManagedRuntime.make(layerKey({ jwtKey })), () => verify(next()))
}

const given = (make: (context: VerifyContext) => Promise<Subject>) => (context: unknown) =>
  // The section gives what is declared above.
  make(context as VerifyContext)

export const tasks: SubjectModule["tasks"] = ["verify"]

export const subjects: SubjectModule["subjects"] = {
  [names.subtle]: given(subtle),
  [names.jose]: given(jose),
  [names.sdk]: given(sdk),
  [names.verifier]: given(ours)
}

export const check: SubjectModule["check"] = (_, result) =>
  Object(result) === result && Object(result).valid !== false ? undefined : "did not verify the token"
