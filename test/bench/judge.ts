/** Holds what was measured against the targets. */
import { cellKey } from "./model.js"
import type { Cell, Measured, Row } from "./model.js"
import { interval, pairedRatio } from "./statistics.js"
import type { Interval } from "./statistics.js"
import type { Target } from "./targets.js"

/**
 * `holds`: the whole interval is below the target. `misses`: the whole interval is above it. `open`: the target lies
 * within the interval. `absent`: there is no figure.
 */
export type Verdict = "holds" | "misses" | "open" | "absent"

export interface Judged {
  readonly target: Target
  readonly verdict: Verdict
  readonly interval: Interval
  /** Why there is no figure. */
  readonly reason?: string
}

export const figure = ({ values }: Measured, cell: Cell): Interval =>
  interval(values.get(cellKey(cell)) ?? [])

export const ratio = ({ values }: Measured, cell: Cell, base: Cell): Interval =>
  pairedRatio(values.get(cellKey(cell)) ?? [], values.get(cellKey(base)) ?? [])

/** Why a subject has no figures, if there is a reason. */
export const reasonFor = ({ failed, missing }: Measured, { subject }: Cell): string | undefined =>
  missing.get(subject) ?? failed.get(subject)

const findRow = ({ tables }: Measured, target: Target): Row | undefined =>
  tables.find(({ title }) => title === target.table)?.rows.find(({ label }) => label === target.row)

const verdictOf = ({ high, low, turns }: Interval, atMost: number): Verdict => {
  if (turns === 0) return "absent"
  if (high <= atMost) return "holds"
  return low > atMost ? "misses" : "open"
}

/** Judges the targets of the sections that were measured. */
export const judge = (
  targets: ReadonlyArray<Target>,
  results: ReadonlyMap<string, Measured>
): ReadonlyArray<Judged> =>
  targets.flatMap((target) => {
    const measured = results.get(target.section)
    if (measured === undefined) return []
    const row = findRow(measured, target)
    const base = target.base === undefined ? undefined : row?.against[target.base]
    if (row === undefined || (target.base !== undefined && base === undefined)) {
      return [{ target, verdict: "absent", interval: interval([]), reason: "no such row" }] as const
    }
    const found = base === undefined ? figure(measured, row.cell) : ratio(measured, row.cell, base)
    const reason = reasonFor(measured, row.cell) ?? (base && reasonFor(measured, base))
    return [
      {
        target,
        verdict: verdictOf(found, target.atMost),
        interval: found,
        ...(reason === undefined ? {} : { reason })
      }
    ]
  })
