/** The parts of the memory check, which `test/soak/memory.ts` runs and the section `memory` reads. */

export const partNames = ["verifications", "calls", "tokens", "stream"] as const

export type PartName = (typeof partNames)[number]

/** How often each part is done in a full run. */
export const fullSizes: Readonly<Record<PartName, number>> = {
  verifications: 1_000_000,
  calls: 100_000,
  tokens: 100_000,
  stream: 100_000
}

/** The last tenth may exceed the first by this factor. */
export const flat = 1.1

/** What `memory.ts` prints of a part. */
export interface Part {
  readonly name: PartName
  readonly size: number
  /** Why there are no samples. */
  readonly missing?: string
  /** Bytes in use after a collection of garbage, in the first tenth and in the last. */
  readonly first: ReadonlyArray<number>
  readonly last: ReadonlyArray<number>
}
