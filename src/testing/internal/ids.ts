import * as Hash from "effect/Hash"
import { PCGRandom } from "effect/Utils"

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
const base16 = base62.slice(0, 10) + "abcdef"

/** Everything in the embedded Clerk that looks random, and is the same again for the same seed. */
export interface Ids {
  /** A Clerk id: the prefix and 27 characters, such as `sess_…`. */
  readonly id: (prefix: string) => string
  /** Any number of characters that say nothing, for a token of the given kind. */
  readonly opaque: (kind: string, length: number) => string
  /** A trace id: 32 hexadecimal digits. */
  readonly trace: () => string
}

/** Makes the ids of one Clerk. */
export const make = (seed: string): Ids => {
  // One sequence per kind: a refused request, which draws a trace id, must not change the session ids after it.
  const sequences = new Map<string, PCGRandom>()
  const draw = (kind: string, length: number, alphabet: string): string => {
    const sequence = sequences.get(kind) ?? new PCGRandom(Hash.string(seed), Hash.string(kind))
    sequences.set(kind, sequence)
    return Array.from({ length }, () => alphabet.charAt(sequence.integer(alphabet.length))).join("")
  }
  return {
    id: (prefix) => `${prefix}_${draw(prefix, 27, base62)}`,
    opaque: (kind, length) => draw(kind, length, base62),
    trace: () => draw("trace", 32, base16)
  }
}
