/** The clients over loopback, against servers that send the same bodies in other ways. */
import { names } from "../names.js"
import type { Origins } from "../processes.js"
import { bodyTask, encodings } from "../wire.js"
import { byHand, checkCall, lazily, sdk } from "./promises.js"
import type { Client } from "./promises.js"
import type { Subject, SubjectModule } from "./subject.js"

const over =
  (client: Client) =>
  async (context: unknown): Promise<Subject> => {
    // The section gives the origins of its server.
    const origins = context as Origins
    const clients = new Map<string, Subject>()
    for (const encoding of encodings) clients.set(encoding, await client(origins[encoding]))
    const of = (task: string) => {
      const [operation = "", encoding = ""] = task.split(", ")
      const subject = clients.get(encoding)
      if (subject === undefined) throw new Error(`no encoding ${encoding}`)
      return { operation, subject }
    }
    return {
      once: (task) => of(task).subject.once(of(task).operation),
      run: (task, calls, concurrency) => of(task).subject.run(of(task).operation, calls, concurrency)
    }
  }

export const tasks: SubjectModule["tasks"] = encodings.flatMap((encoding) => [
  bodyTask("get", encoding),
  bodyTask("list", encoding)
])

export const subjects: SubjectModule["subjects"] = {
  [names.byHand]: over(byHand),
  [names.sdk]: over(sdk),
  [names.onFetch]: over(lazily("onFetch")),
  [names.onUndici]: over(lazily("onUndici")),
  [names.onTuned]: over(lazily("onTuned"))
}

export const check: SubjectModule["check"] = checkCall
