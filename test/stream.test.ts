import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Sessions } from "effect-clerk"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

import * as Mock from "./support/mock.js"
import * as Wire from "./support/wire.js"

const numbered = (n: number) => ({ ...Wire.session, id: `sess_${n}` })

const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)

/** Responds with pages of sessions, newest first. `grow` returns how many sessions are added before a page. */
const growing = (start: number, grow: (page: number) => number, withTotal = true) => {
  let newest = start
  return Mock.make(({ url }, index) => {
    newest += index === 1 ? 0 : grow(index)
    const [limit, offset] = ["limit", "offset"].map((name) => Number(url.searchParams.get(name)))
    assert(limit !== undefined && offset !== undefined)
    const data = range(0, newest)
      .map((i) => numbered(newest - i))
      .slice(offset, offset + limit)
    return Mock.json(withTotal ? { data, total_count: newest } : data)
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
  it.effect("emits every session of every page, newest first", () =>
    Effect.gen(function* () {
      const mock = growing(250, () => 0)
      deepStrictEqual(yield* ids().pipe(Effect.provide(mock.layer)), downFrom(250))
      deepStrictEqual(
        mock.requests.map(({ url }) => url.search),
        [0, 100, 200].map((offset) => `?user_id=user_1&offset=${offset}&limit=100&paginated=true`)
      )
    })
  )

  for (const [name, grow] of [
    ["1 session", 1],
    ["10 sessions (a page)", 10],
    ["25 sessions (more than a page)", 25]
  ] as const) {
    it.effect(`emits each session once while ${name} are added before each page`, () =>
      Effect.gen(function* () {
        // The list must stop growing, or the stream would not end.
        const mock = growing(50, (page) => (page < 6 ? grow : 0))
        const streamed = yield* ids(10).pipe(Effect.provide(mock.layer))
        assert.strictEqual(new Set(streamed).size, streamed.length)
        deepStrictEqual(
          streamed.filter((id) => id <= 50),
          downFrom(50)
        )
      })
    )
  }

  it.effect("ends with an empty page where there is no total_count", () =>
    Effect.gen(function* () {
      const mock = growing(20, () => 0, false)
      deepStrictEqual(yield* ids(10).pipe(Effect.provide(mock.layer)), downFrom(20))
      assert.strictEqual(mock.requests.length, 3)
    })
  )

  for (const [name, body] of [
    ["without a total_count", [numbered(2), numbered(1)]],
    ["with a total_count that is too high", { data: [numbered(2), numbered(1)], total_count: 1_000_000 }]
  ] as const) {
    it.effect(`ends after ten pages without a new session, ${name}`, () =>
      Effect.gen(function* () {
        const mock = Mock.make(() => Mock.json(body))
        deepStrictEqual(yield* ids(2).pipe(Effect.provide(mock.layer)), downFrom(2))
        assert.strictEqual(mock.requests.length, 11)
      })
    )
  }

  it.effect("ends with a page that is shorter than asked for", () =>
    Effect.gen(function* () {
      const mock = Mock.make(() => Mock.json([numbered(2), numbered(1)]))
      deepStrictEqual(yield* ids().pipe(Effect.provide(mock.layer)), downFrom(2))
      assert.strictEqual(mock.requests.length, 1)
    })
  )

  it.effect("emits every session although total_count is too low", () =>
    Effect.gen(function* () {
      const mock = Mock.make(({ url }) => {
        const offset = Number(url.searchParams.get("offset"))
        const data = range(offset, Math.min(offset + 10, 35)).map((i) => numbered(35 - i))
        return Mock.json({ data, total_count: 10 })
      })
      deepStrictEqual(yield* ids(10).pipe(Effect.provide(mock.layer)), downFrom(35))
    })
  )

  it.effect("requests only the pages that are consumed", () =>
    Effect.gen(function* () {
      const mock = growing(50, () => 0)
      yield* Sessions.stream({ userId: "user_1", pageSize: 10 }).pipe(
        Stream.take(10),
        Stream.runDrain,
        Effect.provide(mock.layer)
      )
      assert.strictEqual(mock.requests.length, 1)
    })
  )

  it.effect("can be run twice", () =>
    Effect.gen(function* () {
      const twice = Effect.all([ids(10), ids(10)]).pipe(Effect.provide(growing(20, () => 0).layer))
      deepStrictEqual(yield* twice, [downFrom(20), downFrom(20)])
    })
  )

  it.effect("emits every session where the server sends shorter pages than asked for", () =>
    Effect.gen(function* () {
      const mock = Mock.make(({ url }) => {
        const offset = Number(url.searchParams.get("offset"))
        return Mock.json({
          data: range(offset, Math.min(offset + 3, 10)).map((i) => numbered(10 - i)),
          total_count: 10
        })
      })
      deepStrictEqual(yield* ids(5).pipe(Effect.provide(mock.layer)), downFrom(10))
    })
  )

  it.effect("fails with the errors of list, and for a pageSize out of range", () =>
    Effect.gen(function* () {
      const unauthorized = yield* Effect.flip(ids()).pipe(
        Effect.provide(Mock.make(() => Mock.json({}, 401)).layer)
      )
      assert.strictEqual(unauthorized._tag, "Unauthorized")
      const mock = growing(1, () => 0)
      for (const pageSize of [0, 501, 2.5]) {
        const error = yield* Effect.flip(ids(pageSize)).pipe(Effect.provide(mock.layer))
        assert(error._tag === "InvalidRequest")
        assert.match(error.detail, /^pageSize/)
      }
      assert.strictEqual(mock.requests.length, 0)
    })
  )
})
