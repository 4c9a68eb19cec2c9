import { calculateJwkThumbprint, exportJWK, exportSPKI, generateKeyPair, type JWK } from "jose"

/** A signing key and its public forms. */
export interface Key {
  readonly kid: string
  readonly pair: CryptoKeyPair
  readonly jwk: JWK
  readonly pem: string
}

/** The keys of one Clerk, one of which signs. */
export interface Keys {
  readonly current: () => Promise<Key>
  /** Replaces the key. The previous one leaves the key set. */
  readonly rotate: () => void
}

/** Generating a key takes long, so equal instances of one process share theirs. */
const generated = new Map<string, Promise<Key>>()

/** Makes the keys of the instance with this identity. The first one can be given. */
export const make = (identity: string, given: CryptoKeyPair | undefined): Keys => {
  let rotations = 0
  const generate = () => {
    const name = `${identity} ${rotations}`
    const key = generated.get(name) ?? generateKeyPair("RS256").then(describe)
    generated.set(name, key)
    return key
  }
  let key: Promise<Key> | undefined
  return {
    current: () => (key ??= given === undefined || rotations > 0 ? generate() : describe(given)),
    rotate: () => {
      rotations += 1
      key = undefined
    }
  }
}

const describe = async (pair: CryptoKeyPair): Promise<Key> => {
  const jwk = await exportJWK(pair.publicKey)
  const thumbprint = await calculateJwkThumbprint(jwk)
  const kid = `ins_${thumbprint.replaceAll(/[^0-9A-Za-z]/g, "").slice(0, 27)}`
  return { kid, pair, jwk: { ...jwk, use: "sig", alg: "RS256", kid }, pem: await exportSPKI(pair.publicKey) }
}
