import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberStatus from "effect/FiberStatus"
import type { LazyArg } from "effect/Function"
import * as MutableRef from "effect/MutableRef"
import * as Predicate from "effect/Predicate"
import * as RuntimeFlags from "effect/RuntimeFlags"
import * as SortedSet from "effect/SortedSet"
import * as TestAnnotation from "effect/TestAnnotation"
import * as TestAnnotations from "effect/TestAnnotations"

/**
 * Waits for a promise that takes real time, such as a signature. A `TestClock` that is adjusted meanwhile waits for it
 * too: otherwise the client's timeout would pass before the token is signed.
 */
export const holdTestClock = <A>(start: LazyArg<Promise<A>>): Effect.Effect<A> =>
  Effect.suspend(() => {
    const work = start()
    const status = Effect.as(
      Effect.promise(() => Promise.allSettled([work])),
      FiberStatus.running(RuntimeFlags.none)
    )
    return withObservedFiber(
      status,
      Effect.promise(() => work)
    )
  })

/**
 * Runs an effect; while it runs, a `TestClock` waits for `status` before each of its steps.
 *
 * A `TestClock` moves once the fibers it observes are suspended or done. This function adds one fiber to them.
 */
export const withObservedFiber = <A, E, R>(
  status: Effect.Effect<FiberStatus.FiberStatus>,
  self: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.clockWith((clock) =>
    Predicate.hasProperty(clock, "annotations") && TestAnnotations.isTestAnnotations(clock.annotations)
      ? Effect.acquireUseRelease(
          add(clock.annotations, status),
          () => self,
          (remove) => remove
        )
      : self
  )

type Fibers = MutableRef.MutableRef<SortedSet.SortedSet<Fiber.RuntimeFiber<unknown, unknown>>>

const known = new WeakMap<TestAnnotations.TestAnnotations, Fibers>()

/** Ids of real fibers are not negative. */
let nextId = -1

/** Adds a fiber to those that the test clock observes, and returns an effect that removes it. */
const add = (
  annotations: TestAnnotations.TestAnnotations,
  status: Effect.Effect<FiberStatus.FiberStatus>
): Effect.Effect<Effect.Effect<void>> =>
  Effect.withFiberRuntime((fiber) => {
    // A test clock ignores the fiber that adjusts it, so this one has an id of its own.
    const id = FiberId.runtime(nextId--, 0)
    const observed: Fiber.RuntimeFiber<unknown, unknown> = Object.create(fiber, {
      id: { value: () => id },
      status: { value: status }
    })
    return Effect.map(observedFibers(annotations), (fibers) => {
      MutableRef.update(fibers, SortedSet.add(observed))
      return Effect.sync(() => void MutableRef.update(fibers, SortedSet.remove(observed)))
    })
  })

/** The fibers that the test clock with these annotations observes. */
const observedFibers = (annotations: TestAnnotations.TestAnnotations): Effect.Effect<Fibers> =>
  Effect.suspend(() => {
    const found = known.get(annotations)
    if (found !== undefined) return Effect.succeed(found)
    const fibers: Fibers = MutableRef.make(SortedSet.empty(Fiber.Order))
    known.set(annotations, fibers)
    return Effect.as(annotations.annotate(TestAnnotation.fibers, Either.right(Chunk.of(fibers))), fibers)
  })
