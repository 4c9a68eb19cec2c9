/**
 * Encrypts tokens before they leave the process.
 *
 * AES-256-GCM by Web Crypto. The key comes from the secret key by HKDF: all processes of a fleet have it already. The
 * name of the entry is authenticated too, so that an entry that was moved to another name does not open.
 */
import { toHex } from "../store/instance.js"

export interface Seal {
  readonly seal: (text: string, name: string) => Promise<string>
  /** Returns `undefined` for anything that was not sealed with the same secret key under the same name. */
  readonly open: (sealed: string, name: string) => Promise<string | undefined>
}

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true })

/** The bytes of the initialization vector, which stands before the ciphertext. */
const ivLength = 12

export const make = (secretKey: string): Seal => {
  let derived: Promise<CryptoKey> | undefined
  const key = () => (derived ??= derive(secretKey))
  return {
    seal: async (text, name) => {
      const iv = crypto.getRandomValues(new Uint8Array(ivLength))
      const ciphertext = await crypto.subtle.encrypt(parameters(iv, name), await key(), encoder.encode(text))
      return toHex(iv) + toHex(ciphertext)
    },
    open: async (sealed, name) => {
      const bytes = fromHex(sealed)
      const parts = parameters(bytes.subarray(0, ivLength), name)
      try {
        return decoder.decode(await crypto.subtle.decrypt(parts, await key(), bytes.subarray(ivLength)))
      } catch {
        return undefined
      }
    }
  }
}

const derive = async (secretKey: string): Promise<CryptoKey> => {
  const material = await crypto.subtle.importKey("raw", encoder.encode(secretKey), "HKDF", false, [
    "deriveKey"
  ])
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: encoder.encode("effect-clerk/tokens") },
    material,
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt", "decrypt"]
  )
}

const parameters = (iv: Uint8Array<ArrayBuffer>, name: string) => ({
  name: "AES-GCM",
  iv,
  additionalData: encoder.encode(name)
})

/** Returns the bytes of a text in hexadecimal digits; what is no such text gives bytes that do not open. */
const fromHex = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length: text.length >> 1 }, (_, index) =>
    Number.parseInt(text.slice(2 * index, 2 * index + 2), 16)
  )
