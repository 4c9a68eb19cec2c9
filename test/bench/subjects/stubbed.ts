/** The clients on a `fetch` that returns at once what the server would send. */
import { names } from "../names.js"
import { operations } from "../wire.js"
import { byHand, checkCall, lazily, sdk } from "./promises.js"
import type { Client } from "./promises.js"
import { nowhere, stubFetch } from "./stub.js"
import type { SubjectModule } from "./subject.js"

const stubbed = (client: Client) => () => {
  stubFetch()
  return client(nowhere)
}

export const tasks: SubjectModule["tasks"] = operations

export const subjects: SubjectModule["subjects"] = {
  [names.byHand]: stubbed(byHand),
  [names.sdk]: stubbed(sdk),
  [names.onFetch]: stubbed(lazily("onFetch"))
}

export const check: SubjectModule["check"] = checkCall
