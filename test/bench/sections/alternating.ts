/** Sections whose subjects are measured in alternation, in this build or in two that are compared. */
import type { Build, Cell, Measured, Row, Run, Section, Table } from "../model.js"
import { alternate } from "../turns.js"
import type { Alternation, Participant, Task } from "../turns.js"

export interface Definition {
  readonly name: string
  readonly title: string
  /** The file in `subjects/`. */
  readonly module: string
  readonly unit: string
  readonly measure: Alternation["measure"]
  readonly flags?: ReadonlyArray<string>
  readonly tasks: ReadonlyArray<Task>
  /** The subjects of other packages, and those of this one. */
  readonly others: ReadonlyArray<string>
  readonly ours: ReadonlyArray<string>
  /** The subject that is measured twice, to see the noise. */
  readonly twice: string
  /** The tables of a run of one build. `again` names the second process of the subject that is measured twice. */
  readonly tables: (again: string) => ReadonlyArray<Table>
}

/** Starts what the subjects need, and ends it afterwards. */
export type Resource = (
  run: Run
) => Promise<{ readonly context: unknown; readonly release: () => void | Promise<void> }>

const again = (name: string): string => `${name}, again`

/** A row, with the cells of some subjects or tasks that it is divided by; a cell is not divided by itself. */
export const row = (label: string, cell: Cell, against: Readonly<Record<string, Cell>>): Row => ({
  label,
  cell,
  against: Object.fromEntries(
    Object.entries(against).filter(([, base]) => base.subject !== cell.subject || base.task !== cell.task)
  )
})

/** One table a task: each subject in a row of its own, divided by the bases. */
export const tablesByTask = (
  { ours, others, tasks, twice, unit }: Omit<Definition, "tables">,
  bases: ReadonlyArray<string>,
  again: string
): ReadonlyArray<Table> =>
  tasks.map(({ name: task }) => ({
    title: task,
    unit,
    bases,
    rows: [...others, ...ours].flatMap((subject) => {
      const against = Object.fromEntries(bases.map((base) => [base, { subject: base, task }]))
      const line = row(subject, { subject, task }, against)
      const noise = row(again, { subject: again, task }, { [twice]: { subject: twice, task } })
      return subject === twice ? [line, noise] : [line]
    })
  }))

const ofOneBuild = (definition: Definition, build: Build) => {
  const { others, ours, tables, twice } = definition
  const participants: ReadonlyArray<Participant> = [
    ...[...others, ...ours].map((subject) => ({ name: subject, subject, build })),
    { name: again(twice), subject: twice, build }
  ]
  return { participants, tables: tables(again(twice)) }
}

/** Of two builds, only the subjects of this package differ. The noise is the first subject of the first build. */
const ofTwoBuilds = ({ ours, tasks, unit }: Definition, [first, second]: readonly [Build, Build]) => {
  const named = (subject: string, build: Build) => `${subject} · ${build.label}`
  const [twice = ""] = ours
  const participants: ReadonlyArray<Participant> = [
    ...ours.flatMap((subject) =>
      [first, second].map((build) => ({ name: named(subject, build), subject, build }))
    ),
    { name: again(named(twice, first)), subject: twice, build: first }
  ]
  const tables = tasks.map(({ name: task }): Table => {
    const base = (subject: string) => ({ [first.label]: { subject: named(subject, first), task } })
    const noise = again(named(twice, first))
    return {
      title: task,
      unit,
      bases: [first.label],
      rows: [
        ...ours.flatMap((subject) =>
          [first, second].map((build) =>
            row(named(subject, build), { subject: named(subject, build), task }, base(subject))
          )
        ),
        row(noise, { subject: noise, task }, base(twice))
      ]
    }
  })
  return { participants, tables }
}

export const alternating = (definition: Definition, resource: Resource): Section => ({
  name: definition.name,
  title: definition.title,
  repeats: true,
  measure: async (run): Promise<Measured> => {
    const [first, second] = run.builds
    const plan =
      second === undefined ? ofOneBuild(definition, first) : ofTwoBuilds(definition, [first, second])
    const { context, release } = await resource(run)
    try {
      return await alternate(run, { ...definition, ...plan, context })
    } finally {
      await release()
    }
  }
})

/** For subjects that need nothing. */
export const nothing: Resource = () => Promise.resolve({ context: {}, release: () => {} })
