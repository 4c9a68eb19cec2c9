import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as FiberStatus from "effect/FiberStatus"
import type { LazyArg } from "effect/Function"
import * as MutableRef from "effect/MutableRef"
import * as Predicate from "effect/Predicate"
import * as RuntimeFlags from "effect/RuntimeFlags"
import * as SortedSet from "effect/SortedSet"
import * as TestAnnotation from "effect/TestAnnotation"
import * as TestAnnotations from "effect/TestAnnotations"

/**
 * Waits for a promise that takes real time, such as a signature does.
 *
 * A test clock that is adjusted meanwhile stands still until it is there; otherwise the client's timeout would pass
 * before any token is signed. Such a clock asks the fibers it knows for their status, and goes on when none is running:
 * this one is made known to it, and keeps it waiting for the answer.
 */
export const busy = <A>(start: LazyArg<Promise<A>>): Effect.Effect<A> =>
  Effect.clockWith((clock) =>
    Effect.suspend(() => {
      const work = start()
      return Predicate.hasProperty(clock, "annotations") &&
        TestAnnotations.isTestAnnotations(clock.annotations)
        ? Effect.acquireUseRelease(
            enter(clock.annotations, work),
            () => Effect.promise(() => work),
            (leave) => leave
          )
        : Effect.promise(() => work)
    })
  )

type Fibers = MutableRef.MutableRef<SortedSet.SortedSet<Fiber.RuntimeFiber<unknown, unknown>>>

const known = new WeakMap<TestAnnotations.TestAnnotations, Fibers>()

/** Puts this fiber among those that a test clock waits for, and gives the way out. */
const enter = (
  annotations: TestAnnotations.TestAnnotations,
  work: Promise<unknown>
): Effect.Effect<Effect.Effect<void>> =>
  Effect.withFiberRuntime((fiber) => {
    const status = Effect.as(
      Effect.promise(() => Promise.allSettled([work])),
      FiberStatus.running(RuntimeFlags.none)
    )
    const working: Fiber.RuntimeFiber<unknown, unknown> = Object.create(fiber, { status: { value: status } })
    return Effect.map(watched(annotations), (fibers) => {
      MutableRef.update(fibers, SortedSet.add(working))
      return Effect.sync(() => void MutableRef.update(fibers, SortedSet.remove(working)))
    })
  })

/** The fibers that the test clock with these annotations looks at; it is told of them once. */
const watched = (annotations: TestAnnotations.TestAnnotations): Effect.Effect<Fibers> =>
  Effect.suspend(() => {
    const found = known.get(annotations)
    if (found !== undefined) return Effect.succeed(found)
    const fibers: Fibers = MutableRef.make(SortedSet.empty(Fiber.Order))
    known.set(annotations, fibers)
    return Effect.as(annotations.annotate(TestAnnotation.fibers, Either.right(Chunk.of(fibers))), fibers)
  })
