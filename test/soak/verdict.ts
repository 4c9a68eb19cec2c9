/** What a check of the soak found. */
export interface Verdict {
  readonly what: string
  readonly holds: boolean
  readonly details?: ReadonlyArray<string>
}
