/** What is measured, as `worker.ts` wants it. */
export interface Subject {
  /** Does the task so many times, with so many callers at work at once. */
  readonly run: (task: string, calls: number, concurrency: number) => Promise<void>
  /** Does the task once and returns its result. */
  readonly once: (task: string) => Promise<unknown>
}

export interface SubjectModule {
  readonly tasks: ReadonlyArray<string>
  readonly subjects: Readonly<Record<string, (context: unknown) => Promise<Subject>>>
  /** Says what is wrong with the result of a task, if anything is. */
  readonly check: (task: string, result: unknown) => string | undefined
}

/** The package has no such module: not yet, or not at the commit that is compared. */
export class NotThere extends Error {}

/**
 * Imports a module of the package that a compared commit may lack.
 *
 * The name is no literal, because the type of a module that is not there is no type at all: the caller describes what
 * it uses of it.
 */
export const importModule = async (name: string): Promise<unknown> => {
  const specifier = `effect-clerk/${name}`
  try {
    return await import(specifier)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const absent = code === "ERR_MODULE_NOT_FOUND" || code === "ERR_PACKAGE_PATH_NOT_EXPORTED"
    // A dependency of the module that cannot be found is another matter.
    if (absent && String(error).includes(`dist/${name}.js`)) throw new NotThere(`no ${specifier}`)
    if (absent && String(error).includes(`'./${name}'`)) throw new NotThere(`no ${specifier}`)
    throw error
  }
}

/** A subject whose calls are promises. */
export const ofPromises = (once: Subject["once"]): Subject => ({
  once,
  run: async (task, calls, concurrency) => {
    let left = calls
    const caller = async () => {
      while (left-- > 0) {
        await once(task)
      }
    }
    await Promise.all(Array.from({ length: concurrency }, caller))
  }
})
