import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Sessions } from "effect-clerk"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

import * as Stub from "./utils/stub.js"

const numbered = (n: number) => ({ ...Stub.wireSession, id: `sess_${n}` })

const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)

/** A Clerk with sessions numbered downwards, newest first; `grow` says how many are added before each page. */
const growing = (start: number, grow: (page: number) => number, withTotal = true) => {
  let newest = start
  return Stub.make(({ url }, count) => {
    newest += count === 1 ? 0 : grow(count)
    const [limit, offset] = ["limit", "offset"].map((name) => Number(url.searchParams.get(name)))
    assert(limit !== undefined && offset !== undefined)
    const data = range(0, newest)
      .map((i) => numbered(newest - i))
      .slice(offset, offset + limit)
    return Stub.json(withTotal ? { data, total_count: newest } : data)
  })
}

const ids = (pageSize?: number) =>
  Sessions.stream({ userId: "user_1", pageSize }).pipe(
    Stream.map(({ id }) => Number(id.slice("sess_".length))),
    Stream.runCollect,
    Effect.map(Chunk.toReadonlyArray)
  )

const downFrom = (start: number) => range(0, start).map((i) => start - i)

describe("stream", () => {
  it.effect("gives every session of every page, newest first", () =>
    Effect.gen(function* () {
      const stub = growing(250, () => 0)
      deepStrictEqual(yield* ids().pipe(Effect.provide(stub.layer)), downFrom(250))
      deepStrictEqual(
        stub.seen.map(({ url }) => url.search),
        [0, 100, 200].map((offset) => `?user_id=user_1&offset=${offset}&limit=100&paginated=true`)
      )
    })
  )

  for (const [name, grow] of [
    ["one", 1],
    ["a page", 10],
    ["more than a page", 25]
  ] as const) {
    it.effect(`gives each session once while ${name} appear before every page`, () =>
      Effect.gen(function* () {
        // It must stop growing, or there would be no end.
        const stub = growing(50, (page) => (page < 6 ? grow : 0))
        const streamed = yield* ids(10).pipe(Effect.provide(stub.layer))
        assert.strictEqual(new Set(streamed).size, streamed.length)
        deepStrictEqual(
          streamed.filter((id) => id <= 50),
          downFrom(50)
        )
      })
    )
  }

  it.effect("ends with an empty page where Clerk does not count", () =>
    Effect.gen(function* () {
      const stub = growing(20, () => 0, false)
      deepStrictEqual(yield* ids(10).pipe(Effect.provide(stub.layer)), downFrom(20))
      assert.strictEqual(stub.seen.length, 3)
    })
  )

  for (const [name, body] of [
    ["without a count", [numbered(2), numbered(1)]],
    ["with a count that is never reached", { data: [numbered(2), numbered(1)], total_count: 1_000_000 }]
  ] as const) {
    it.effect(`ends where the server repeats one page, ${name}`, () =>
      Effect.gen(function* () {
        const stub = Stub.make(() => Stub.json(body))
        deepStrictEqual(yield* ids(2).pipe(Effect.provide(stub.layer)), downFrom(2))
        assert.strictEqual(stub.seen.length, 11)
      })
    )
  }

  it.effect("ends with a page that is shorter than asked for", () =>
    Effect.gen(function* () {
      const stub = Stub.make(() => Stub.json([numbered(2), numbered(1)]))
      deepStrictEqual(yield* ids().pipe(Effect.provide(stub.layer)), downFrom(2))
      assert.strictEqual(stub.seen.length, 1)
    })
  )

  it.effect("reads on although the count is too low", () =>
    Effect.gen(function* () {
      const stub = Stub.make(({ url }) => {
        const offset = Number(url.searchParams.get("offset"))
        const data = range(offset, Math.min(offset + 10, 35)).map((i) => numbered(35 - i))
        return Stub.json({ data, total_count: 10 })
      })
      deepStrictEqual(yield* ids(10).pipe(Effect.provide(stub.layer)), downFrom(35))
    })
  )

  it.effect("asks for no page that nobody wants", () =>
    Effect.gen(function* () {
      const stub = growing(50, () => 0)
      yield* Sessions.stream({ userId: "user_1", pageSize: 10 }).pipe(
        Stream.take(10),
        Stream.runDrain,
        Effect.provide(stub.layer)
      )
      assert.strictEqual(stub.seen.length, 1)
    })
  )

  it.effect("can be run twice", () =>
    Effect.gen(function* () {
      const twice = Effect.all([ids(10), ids(10)]).pipe(Effect.provide(growing(20, () => 0).layer))
      deepStrictEqual(yield* twice, [downFrom(20), downFrom(20)])
    })
  )

  it.effect("takes whatever part of a page the server gives", () =>
    Effect.gen(function* () {
      const stub = Stub.make(({ url }) => {
        const offset = Number(url.searchParams.get("offset"))
        return Stub.json({
          data: range(offset, Math.min(offset + 3, 10)).map((i) => numbered(10 - i)),
          total_count: 10
        })
      })
      deepStrictEqual(yield* ids(5).pipe(Effect.provide(stub.layer)), downFrom(10))
    })
  )

  it.effect("fails as a list does", () =>
    Effect.gen(function* () {
      const refused = yield* Effect.flip(ids()).pipe(
        Effect.provide(Stub.make(() => Stub.json({}, 401)).layer)
      )
      assert.strictEqual(refused._tag, "Unauthorized")
      const stub = growing(1, () => 0)
      for (const pageSize of [0, 501, 2.5]) {
        const error = yield* Effect.flip(ids(pageSize)).pipe(Effect.provide(stub.layer))
        assert(error._tag === "InvalidRequest")
        assert.match(error.detail, /^pageSize/)
      }
      assert.strictEqual(stub.seen.length, 0)
    })
  )
})
