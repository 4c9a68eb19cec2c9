/** Pages through a list that may grow at its front meanwhile. */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import type { LazyArg } from "effect/Function"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

interface Page<A> {
  readonly data: ReadonlyArray<A>
  readonly totalCount: Option.Option<number>
}

/** Enough ids to recognize a repetition, whatever the length of the list. */
const maxRememberedIds = 10_000

/** The stream ends after so many pages in a row without a new item: a server may repeat one page without end. */
const maxStalePages = 10

/**
 * Emits every item of every page, in order, each at most once.
 *
 * A count of all items that is too low does not end the stream: only a short page does. Where a server sends shorter
 * pages than asked for, the count tells that more follow.
 */
export const stream = <A extends { readonly id: string }, E, R>(
  pageAt: (offset: number) => Effect.Effect<Page<A>, E, R>,
  pageSize: LazyArg<number>
): Stream.Stream<A, E, R> =>
  Stream.suspend(() => {
    const seen = new Set<string>()
    const isNew = ({ id }: A) => {
      if (seen.has(id)) {
        return false
      }
      seen.add(id)
      if (seen.size > maxRememberedIds) {
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
        const isShort = data.length < pageSize() && !Option.exists(totalCount, (total) => next.offset < total)
        const isLast = data.length === 0 || isShort || next.stale === maxStalePages
        return [Chunk.unsafeFromArray(fresh), isLast ? Option.none() : Option.some(next)]
      })
    )
  })
