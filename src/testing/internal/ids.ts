import * as Hash from "effect/Hash"
import { PCGRandom } from "effect/Utils"

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
const base16 = base62.slice(0, 10) + "abcdef"

/** The values that look random. The same seed gives the same values. */
export interface Ids {
  /** A Clerk id: the prefix and 27 characters, such as `sess_…`. */
  readonly id: (prefix: string) => string
  /** Random characters, for a value of the given kind. */
  readonly opaque: (kind: string, length: number) => string
  /** A token id: 20 hexadecimal digits. */
  readonly tokenId: () => string
  /** A trace id: 32 hexadecimal digits. */
  readonly trace: () => string
}

/** Makes the ids of one Clerk. */
export const make = (seed: string): Ids => {
  // One sequence per kind: the trace id of an error response must not change the session ids after it.
  const sequences = new Map<string, PCGRandom>()
  const draw = (kind: string, length: number, alphabet: string): string => {
    const sequence = sequences.get(kind) ?? new PCGRandom(Hash.string(seed), Hash.string(kind))
    sequences.set(kind, sequence)
    return Array.from({ length }, () => alphabet.charAt(sequence.integer(alphabet.length))).join("")
  }
  return {
    id: (prefix) => `${prefix}_${draw(prefix, 27, base62)}`,
    opaque: (kind, length) => draw(kind, length, base62),
    tokenId: () => draw("jti", 20, base16),
    trace: () => draw("trace", 32, base16)
  }
}
