/** Pages through a list that may grow at its front meanwhile. */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

interface Page<A> {
  readonly data: ReadonlyArray<A>
  readonly totalCount: Option.Option<number>
}

/** So many ids are remembered: enough to know a repetition, and no more as the list grows longer. */
const remembered = 10_000

/** So many pages in a row without anything new are the end: a server may serve the same page for ever. */
const patience = 10

/** Every item of every page, in order, each at most once. */
export const stream = <A extends { readonly id: string }, E, R>(
  pageAt: (offset: number) => Effect.Effect<Page<A>, E, R>
): Stream.Stream<A, E, R> =>
  Stream.suspend(() => {
    const seen = new Set<string>()
    const isNew = ({ id }: A) => {
      if (seen.has(id)) {
        return false
      }
      seen.add(id)
      if (seen.size > remembered) {
        // A set keeps the order of insertion: the first is the oldest.
        for (const oldest of seen) {
          seen.delete(oldest)
          break
        }
      }
      return true
    }
    return Stream.paginateChunkEffect({ offset: 0, stale: 0 }, ({ offset, stale }) =>
      Effect.map(pageAt(offset), ({ data, totalCount }) => {
        const fresh = data.filter(isNew)
        const next = { offset: offset + data.length, stale: fresh.length === 0 ? stale + 1 : 0 }
        // Without a count, only an empty page is surely the last: a server may serve shorter ones than asked for.
        const isLast =
          data.length === 0 ||
          next.stale === patience ||
          Option.exists(totalCount, (total) => next.offset >= total)
        return [Chunk.unsafeFromArray(fresh), isLast ? Option.none() : Option.some(next)]
      })
    )
  })
