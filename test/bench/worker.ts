/**
 * A measured process: it makes one subject and runs its tasks when told to. Started by `processes.ts` with the name of a
 * module in `subjects/` and of a subject in it.
 */
import { PerformanceObserver } from "node:perf_hooks"

import type { Job, Reply } from "./processes.js"
import { NotThere } from "./subjects/subject.js"
import type { Subject, SubjectModule } from "./subjects/subject.js"

const reply = (message: Reply): void => {
  // A process that `startWorker` starts has a channel.
  process.send?.(message)
}

/** Processor time of this process for one call, in microseconds, the collection of garbage included. */
const processor = async (subject: Subject, { calls, concurrency, task }: Job): Promise<number> => {
  const before = process.cpuUsage()
  await subject.run(task, calls, concurrency)
  const { system, user } = process.cpuUsage(before)
  return (user + system) / calls
}

/** Bytes of the heap that one call takes. A part in which garbage was collected is done again with fewer calls. */
const bytes = async (subject: Subject, job: Job): Promise<number> => {
  let calls = job.calls
  for (;;) {
    let collections = 0
    globalThis.gc?.()
    const observer = new PerformanceObserver((list) => {
      collections += list.getEntries().length
    })
    // The collection above is reported in the next turn of the event loop: it must not count.
    await new Promise((resolve) => setTimeout(resolve, 10))
    observer.observe({ entryTypes: ["gc"] })
    const before = process.memoryUsage().heapUsed
    await subject.run(job.task, calls, job.concurrency)
    const after = process.memoryUsage().heapUsed
    await new Promise((resolve) => setTimeout(resolve, 10))
    observer.disconnect()
    if (collections === 0) return (after - before) / calls
    if (calls === 1) return Number.NaN
    calls = Math.ceil(calls / 2)
  }
}

const [moduleName = "", subjectName = ""] = process.argv.slice(2)

const start = async (context: unknown): Promise<Subject> => {
  // Every file of `subjects/` but `subject.ts` exports these two.
  const module = (await import(`./subjects/${moduleName}.js`)) as SubjectModule
  const make = module.subjects[subjectName]
  if (make === undefined) throw new Error(`no subject ${subjectName} in ${moduleName}`)
  const subject = await make(context)
  for (const task of module.tasks) {
    const wrong = module.check(task, await subject.once(task))
    // A subject that fails quickly must not win.
    if (wrong !== undefined) throw new Error(`${subjectName}, ${task}: ${wrong}`)
  }
  return subject
}

let subject: Subject | undefined

const handle = async (message: unknown): Promise<Reply> => {
  if (subject === undefined) {
    subject = await start(message)
    return { _tag: "ready" }
  }
  // The second message and those after it are jobs.
  const job = message as Job
  return { _tag: "cost", perCall: await (job.measure === "bytes" ? bytes : processor)(subject, job) }
}

process.on("message", (message) => {
  handle(message).then(reply, (error: unknown) =>
    reply(
      error instanceof NotThere
        ? { _tag: "missing", reason: error.message }
        : { _tag: "failed", reason: error instanceof Error ? error.message : String(error) }
    )
  )
})
process.on("disconnect", () => process.exit(0))
