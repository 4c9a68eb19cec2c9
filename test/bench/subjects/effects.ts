/** Subjects whose calls are Effects. Apart from the others, which need not wait until effect is loaded. */
import * as Effect from "effect/Effect"
import type * as ManagedRuntime from "effect/ManagedRuntime"

import type { Subject } from "./subject.js"

/** Makes a subject of Effects: its callers are fibers of one program. */
export const ofEffects = <R, E>(
  runtime: ManagedRuntime.ManagedRuntime<R, E>,
  of: (task: string) => Effect.Effect<unknown, unknown, R>
): Subject => ({
  once: (task) => runtime.runPromise(of(task)),
  run: (task, calls, concurrency) => {
    let left = calls
    const caller = Effect.whileLoop({ while: () => left-- > 0, body: () => of(task), step: () => {} })
    return runtime.runPromise(
      Effect.replicateEffect(caller, concurrency, { concurrency: "unbounded", discard: true })
    )
  }
})
