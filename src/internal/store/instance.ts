/** Tells Clerk instances apart by API address and secret key, in this process and in a shared store. */
import * as Redacted from "effect/Redacted"

import type * as ClerkConfig from "../../ClerkConfig.js"

/** One Clerk instance, as the settings of a call name it. */
export interface Instance {
  /** Names the instance in this process. It holds nothing secret. */
  readonly id: string
  readonly apiUrl: string
  readonly secretKey: string
  /** Names the instance in a shared store: the API address and a SHA-256 hash that covers the secret key. */
  readonly storageName: () => Promise<string>
}

/** Returns a lookup that gives equal settings the same `Instance`. */
export const makeLookup = (): ((settings: ClerkConfig.Settings) => Instance) => {
  const known = new Map<string, Instance>()
  return ({ apiUrl, secretKey }) => {
    const secret = read(secretKey)
    const name = `${apiUrl}\n${secret}`
    let instance = known.get(name)
    if (instance === undefined) {
      let storageName: Promise<string> | undefined
      instance = {
        id: String(known.size),
        apiUrl,
        secretKey: secret,
        storageName: () => (storageName ??= digest(name).then((hash) => `${apiUrl}:${hash.slice(0, 32)}`))
      }
      known.set(name, instance)
    }
    return instance
  }
}

/** Returns the SHA-256 of a text in hexadecimal digits. */
export const digest = async (text: string): Promise<string> =>
  toHex(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)))

/** Hexadecimal digits can never spell the start of a key (`sk_`) or of a token (`eyJ`). */
export const toHex = (bytes: ArrayBuffer | Uint8Array): string =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("")

// A wiped key cannot be read. Its calls end in `InvalidRequest`, so any name will do.
const read = (secretKey: Redacted.Redacted): string => {
  try {
    return Redacted.value(secretKey)
  } catch {
    return ""
  }
}
