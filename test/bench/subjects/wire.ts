/** The clients over loopback. */
import { names } from "../names.js"
import type { Origins } from "../processes.js"
import { operations } from "../wire.js"
import { byHand, checkCall, lazily, plain, sdk } from "./promises.js"
import type { Client } from "./promises.js"
import type { SubjectModule } from "./subject.js"

// The section gives the origins of its server.
const over = (client: Client) => (context: unknown) => client((context as Origins).length)

export const tasks: SubjectModule["tasks"] = operations

export const subjects: SubjectModule["subjects"] = {
  [names.byHand]: over(byHand),
  [names.sdk]: over(sdk),
  [names.plain]: over(plain),
  [names.onFetch]: over(lazily("onFetch")),
  [names.onUndici]: over(lazily("onUndici")),
  [names.onTuned]: over(lazily("onTuned"))
}

export const check: SubjectModule["check"] = checkCall
