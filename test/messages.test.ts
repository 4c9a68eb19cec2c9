/** Every message that a user can meet, side by side in `messages.txt`. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"

import { invalidRequests } from "./messages/arguments.js"
import { authentication } from "./messages/authentication.js"
import { responses } from "./messages/responses.js"
import { secret } from "./messages/section.js"
import { configErrors } from "./messages/settings.js"

const sections = [...responses, ...invalidRequests, ...configErrors, ...authentication]

const render = Effect.forEach(sections, ({ cases, title }) =>
  Effect.map(
    Effect.forEach(cases, ([name, message]) => Effect.map(message, (text) => `${name}\n  ${text}\n`)),
    (texts) => `# ${title}\n\n${texts.join("\n")}`
  )
)

describe("the messages", () => {
  it.effect("are those of messages.txt", () =>
    Effect.flatMap(render, (texts) =>
      Effect.promise(() => expect(texts.join("\n\n")).toMatchFileSnapshot("messages.txt"))
    )
  )

  for (const { cases, title } of sections) {
    it.effect(`of ${title} are one line and quote no secret`, () =>
      Effect.forEach(cases, ([name, message]) =>
        Effect.map(message, (text) => {
          expect(text, name).not.toContain(secret)
          expect(text, name).not.toMatch(/[\p{Cc}\p{Cf}]/u)
          expect(text.length, name).toBeLessThan(400)
        })
      )
    )
  }
})
