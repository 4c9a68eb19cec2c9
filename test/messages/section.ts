/** Groups of messages, as `test/messages.txt` shows them. */
import type { ClerkConfig } from "effect-clerk"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

import * as Mock from "../support/mock.js"
import type { Call } from "../support/operations.js"

/** No message may hold a text with this word. */
export const secret = "hidden"

export type Case = readonly [name: string, message: Effect.Effect<string>]

export interface Section {
  readonly title: string
  readonly cases: ReadonlyArray<Case>
}

/** The message of a call that fails, with the responses that it gets. */
export const messageOf = (
  call: Call,
  respond: Mock.Respond = () => Mock.json({}),
  options: Partial<ClerkConfig.Options> = {}
) =>
  Effect.gen(function* () {
    const { layer } = Mock.make(respond, { retry: Schedule.stop, ...options })
    const { message } = yield* Effect.flip(call).pipe(Effect.provide(layer))
    return message
  }).pipe(Effect.orDie)
