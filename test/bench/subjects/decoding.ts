/**
 * From the text of a list of 500 to its values.
 *
 * The decoder of this package is closed to others, so that a whole call is measured, but one that has its bytes and
 * their text at hand: to read 300 kB takes longer than to parse them.
 */
import { names } from "../names.js"
import { wireSessions } from "../wire.js"
import { checkCall, lazily } from "./promises.js"
import { nowhere } from "./stub.js"
import { ofPromises } from "./subject.js"
import type { Subject, SubjectModule } from "./subject.js"

const text = JSON.stringify(wireSessions(0, 500))

/** The floor: the parser alone. */
const parse = (): Promise<Subject> => Promise.resolve(ofPromises(() => Promise.resolve(JSON.parse(text))))

const ours = (): Promise<Subject> => {
  const bytes = new TextEncoder().encode(text)
  const decode = TextDecoder.prototype.decode
  TextDecoder.prototype.decode = function (input, options) {
    return input?.byteLength === bytes.length ? text : decode.call(this, input, options)
  }
  globalThis.fetch = () => {
    const body = new ReadableStream({
      start: (controller) => {
        controller.enqueue(bytes)
        controller.close()
      }
    })
    return Promise.resolve(new Response(body, { headers: { "content-type": "application/json" } }))
  }
  return lazily("onFetch")(nowhere)
}

export const tasks: SubjectModule["tasks"] = ["list"]

export const subjects: SubjectModule["subjects"] = { [names.parse]: parse, [names.decode]: ours }

export const check: SubjectModule["check"] = checkCall
