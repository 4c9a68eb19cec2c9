/** The words of the benchmark: what is measured, what it is held against, and what comes out. */

/** One measured thing: a subject that does a task. */
export interface Cell {
  readonly subject: string
  readonly task: string
}

/** One line of a table, with the cells that it is divided by, one for each of the table's bases that applies. */
export interface Row {
  readonly label: string
  readonly cell: Cell
  readonly against: Readonly<Record<string, Cell>>
}

export interface Table {
  readonly title: string
  readonly unit: string
  readonly bases: ReadonlyArray<string>
  readonly rows: ReadonlyArray<Row>
}

/** The figures of each cell, one for each turn, at the place of the turn. */
export type Values = ReadonlyMap<string, ReadonlyArray<number>>

export const cellKey = ({ subject, task }: Cell): string => `${subject}\n${task}`

/** What a section measured. A subject without figures has a reason in `missing` or in `failed`. */
export interface Measured {
  readonly tables: ReadonlyArray<Table>
  readonly values: Values
  readonly missing: ReadonlyMap<string, string>
  readonly failed: ReadonlyMap<string, string>
}

/** A built checkout of the package. A comparison has two; any other run has one, without a label. */
export interface Build {
  readonly label: string
  readonly root: string
}

/** How much work is done. */
export interface Effort {
  /** A section ends after `most` turns, or after `least` if every interval is narrow by then. */
  readonly turns: { readonly least: number; readonly most: number }
  /** Measured parts of one turn: the subjects alternate between them. */
  readonly slices: number
  /** What the number of calls in one slice is multiplied with. */
  readonly calls: number
  /** What the number of calls before the first slice is multiplied with. */
  readonly warmUp: number
  /** What the sizes of the memory section are multiplied with. */
  readonly memory: number
}

/** What a section needs to know of the run. */
export interface Run {
  /** The Node binary of the measured processes. */
  readonly node: string
  readonly effort: Effort
  /** The builds: one, or the two that are compared. */
  readonly builds: readonly [Build] | readonly [Build, Build]
  readonly progress: (line: string) => void
}

export interface Section {
  readonly name: string
  readonly title: string
  /** Whether it measures in turns; sizes are what they are. */
  readonly repeats: boolean
  readonly measure: (run: Run) => Promise<Measured>
}
