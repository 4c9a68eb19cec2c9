/** Prints what was measured. */
import { figure, ratio, reasonFor } from "./judge.js"
import type { Judged } from "./judge.js"
import type { Measured, Row, Section, Table } from "./model.js"
import { fewestTurns, halfWidth, narrow } from "./statistics.js"
import type { Interval } from "./statistics.js"

const number = (value: number): string =>
  value >= 1000 ? Math.round(value).toLocaleString("en") : value.toFixed(value < 10 ? 2 : 1)

/** The half width is shown where it is not narrow. */
const ratioText = (interval: Interval): string => {
  if (interval.turns === 0) return "–"
  const { estimate, high, low } = interval
  const wide = halfWidth(interval) > narrow ? ` ±${Math.round(100 * halfWidth(interval))} %` : ""
  return `${number(estimate)} (${number(low)}–${number(high)})${wide}`
}

/** The width of a column of ratios, where no heading needs more. */
const least = 30

const columnWidth = (heading: string): number => Math.max(least, heading.length + 2)

const rowText = (
  measured: Measured,
  bases: ReadonlyArray<string>,
  labels: number,
  { against, cell, label }: Row
): string => {
  const { estimate, turns } = figure(measured, cell)
  if (turns === 0) return `  ${label.padEnd(labels)}  ${reasonFor(measured, cell) ?? "not there"}`
  const ratios = bases.map((base) => {
    const other = against[base]
    const text = other === undefined ? "" : ratioText(ratio(measured, cell, other))
    return text.padStart(columnWidth(`: ${base}`))
  })
  return `  ${label.padEnd(labels)}${number(estimate).padStart(12)}${ratios.join("")}`.trimEnd()
}

const tableText = (measured: Measured, { bases, rows, title, unit }: Table): ReadonlyArray<string> => {
  const labels = Math.max(32, title.length, ...rows.map(({ label }) => label.length))
  const headings = bases.map((base) => `: ${base}`).map((heading) => heading.padStart(columnWidth(heading)))
  return [
    "",
    `  ${title.padEnd(labels)}${unit.padStart(12)}${headings.join("")}`,
    ...rows.map((row) => rowText(measured, bases, labels, row))
  ]
}

/** The fewest turns of any figure of the section. */
const turnsOf = ({ values }: Measured): number =>
  Math.min(...[...values.values()].map(({ length }) => length))

export const sectionText = (section: Section, measured: Measured, seconds: number): string => {
  const turns = turnsOf(measured)
  const few = turns < fewestTurns ? ": too few for a 95 % interval, it is the range or less" : ""
  const taken = section.repeats && Number.isFinite(turns) ? `${turns} turns${few}, ` : ""
  const heading = `${section.name}: ${section.title} (${taken}${seconds} s)`
  return ["", heading, ...measured.tables.flatMap((table) => tableText(measured, table))].join("\n")
}

const targetText = ({ interval, reason, target, verdict }: Judged): string => {
  const { base, row, section, table } = target
  const what = `${section}: ${table}: ${row}${base === undefined ? "" : ` : ${base}`}`
  const found = interval.turns === 0 ? (reason ?? "not measured") : ratioText(interval)
  return `  ${verdict.padEnd(8)}${found.padEnd(26)} at most ${String(target.atMost).padEnd(6)}${what}`
}

const order = ["holds", "open", "misses", "absent"] as const

/** The last lines: each target, and how many hold. */
export const targetsText = (judged: ReadonlyArray<Judged>): string => {
  const count = order.map((verdict) => {
    const number = judged.filter((one) => one.verdict === verdict).length
    return `${number} ${verdict}`
  })
  const lines = order.flatMap((verdict) => judged.filter((one) => one.verdict === verdict).map(targetText))
  return ["", "targets, judged by the upper end of the interval", ...lines, "", count.join(", ")].join("\n")
}

/** The figures as data: every turn, and what is printed of them. */
export const resultData = (results: ReadonlyMap<string, Measured>) =>
  Object.fromEntries(
    [...results].map(([section, measured]) => [
      section,
      measured.tables.map(({ rows, title, unit }) => ({
        title,
        unit,
        rows: rows.map(({ against, cell, label }) => ({
          label,
          ...figure(measured, cell),
          reason: reasonFor(measured, cell),
          values: measured.values.get(`${cell.subject}\n${cell.task}`) ?? [],
          ratios: Object.fromEntries(
            Object.entries(against).map(([base, other]) => [base, ratio(measured, cell, other)])
          )
        }))
      }))
    ])
  )
