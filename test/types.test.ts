import type { HttpClient } from "@effect/platform/HttpClient"
import { describe, expectTypeOf, it } from "@effect/vitest"
import { ClerkConfig, ClerkError, type Session, Sessions } from "effect-clerk"
import type * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Stream from "effect/Stream"

type Common =
  | ClerkError.RateLimited
  | ClerkError.ApiError
  | ClerkError.Timeout
  | ClerkError.TransportError
  | ClerkError.DecodeError
  | ClerkError.InvalidRequest

type WithNotFound = ClerkError.ClerkErrors | ClerkError.NotFound | ClerkError.Unauthorized | Common
type WithoutNotFound = ClerkError.ClerkErrors | ClerkError.Unauthorized | Common
type Requirements = HttpClient | ClerkConfig.ClerkConfig

describe("the type of an operation", () => {
  const params = { expiredToken: "a", refreshToken: "b", requestOrigin: "c" }

  it("has the exact value, errors and requirements", () => {
    expectTypeOf(Sessions.list({ userId: "a" })).toEqualTypeOf<
      Effect.Effect<ReadonlyArray<Session.Session>, WithoutNotFound, Requirements>
    >()
    expectTypeOf(Sessions.listPage({ userId: "a" })).toEqualTypeOf<
      Effect.Effect<Session.SessionPage, WithoutNotFound, Requirements>
    >()
    expectTypeOf(Sessions.stream({ userId: "a" })).toEqualTypeOf<
      Stream.Stream<Session.Session, WithoutNotFound, Requirements>
    >()
    expectTypeOf(Sessions.create({ userId: "a" })).toEqualTypeOf<
      Effect.Effect<Session.Session, WithNotFound, Requirements>
    >()
    expectTypeOf(Sessions.get("a")).toEqualTypeOf<
      Effect.Effect<Session.Session, WithNotFound, Requirements>
    >()
    expectTypeOf(Sessions.revoke("a")).toEqualTypeOf<
      Effect.Effect<Session.Session, WithNotFound, Requirements>
    >()
    expectTypeOf(Sessions.createToken("a")).toEqualTypeOf<
      Effect.Effect<Session.SessionToken, WithNotFound, Requirements>
    >()
    expectTypeOf(Sessions.createTokenFromTemplate("a", "b")).toEqualTypeOf<
      Effect.Effect<Session.SessionToken, WithNotFound, Requirements>
    >()
  })

  it("follows the format of refresh", () => {
    type Refreshed<A> = Effect.Effect<A, WithoutNotFound, Requirements>
    expectTypeOf(Sessions.refresh("a", params)).toEqualTypeOf<Refreshed<Session.SessionToken>>()
    expectTypeOf(Sessions.refresh("a", { ...params, format: "token" })).toEqualTypeOf<
      Refreshed<Session.SessionToken>
    >()
    expectTypeOf(Sessions.refresh("a", { ...params, format: "cookie" })).toEqualTypeOf<
      Refreshed<Session.SessionCookies>
    >()
    const format = "cookie" as "cookie" | "token"
    expectTypeOf(Sessions.refresh("a", { ...params, format })).toEqualTypeOf<
      Refreshed<Session.SessionToken | Session.SessionCookies>
    >()
  })

  it("requires a client or a user for a list", () => {
    expectTypeOf<{ limit: number }>().not.toExtend<Sessions.ListParams>()
    expectTypeOf<{ clientId: string }>().toExtend<Sessions.ListParams>()
    expectTypeOf<{ userId: string; status: "active" }>().toExtend<Sessions.ListParams>()
  })

  it("has no errors left when every tag is handled", () => {
    const handled = Effect.catchTags(Sessions.get("a"), {
      ClerkErrors: () => Effect.void,
      NotFound: () => Effect.void,
      Unauthorized: () => Effect.void,
      RateLimited: () => Effect.void,
      ApiError: () => Effect.void,
      Timeout: () => Effect.void,
      TransportError: () => Effect.void,
      DecodeError: () => Effect.void,
      InvalidRequest: () => Effect.void
    })
    expectTypeOf<Effect.Effect.Error<typeof handled>>().toEqualTypeOf<never>()
    const oneLess = Effect.catchTags(Sessions.get("a"), { NotFound: () => Effect.void })
    expectTypeOf<Effect.Effect.Error<typeof oneLess>>().toEqualTypeOf<
      Exclude<WithNotFound, ClerkError.NotFound>
    >()
  })

  it("has no NotFound where none is documented", () => {
    const list = Sessions.list({ userId: "a" })
    // @ts-expect-error there is no such tag in it
    Effect.catchTag(list, "NotFound", () => Effect.void)
  })
})

describe("the type of ClerkConfig", () => {
  it("has layers that fail with a ConfigError", () => {
    type SettingsLayer = Layer.Layer<ClerkConfig.ClerkConfig, ConfigError>
    expectTypeOf<ReturnType<typeof ClerkConfig.layer>>().toEqualTypeOf<SettingsLayer>()
    expectTypeOf<ReturnType<typeof ClerkConfig.layerConfig>>().toEqualTypeOf<SettingsLayer>()
    expectTypeOf(ClerkConfig.layerEnv).toEqualTypeOf<SettingsLayer>()
  })

  it("takes a value or a Config for each option of layerConfig", () => {
    type Options = Parameters<typeof ClerkConfig.layerConfig>[0]
    expectTypeOf<{ secretKey: Redacted.Redacted }>().toExtend<Options>()
    expectTypeOf<{ secretKey: Config.Config<Redacted.Redacted> }>().toExtend<Options>()
    expectTypeOf<{
      secretKey: Redacted.Redacted
      timeout: Config.Config<Duration.Duration>
      apiUrl: Config.Config<string | undefined>
      deadline: "1 minute"
    }>().toExtend<Options>()
    expectTypeOf<{ secretKey: Config.Config<string> }>().not.toExtend<Options>()
    expectTypeOf<{ timeout: "1 second" }>().not.toExtend<Options>()
  })

  it("keeps the type of an effect or a stream that a modifier changes", () => {
    const effect = Sessions.get("a")
    const stream = Sessions.stream({ userId: "a" })
    expectTypeOf(effect.pipe(ClerkConfig.withTimeout("1 second"))).toEqualTypeOf<typeof effect>()
    expectTypeOf(stream.pipe(ClerkConfig.withTimeout("1 second"))).toEqualTypeOf<typeof stream>()
    expectTypeOf(ClerkConfig.withDeadline(stream, "1 second")).toEqualTypeOf<typeof stream>()
    expectTypeOf(ClerkConfig.withRetry(effect, Schedule.stop)).toEqualTypeOf<typeof effect>()
    expectTypeOf(ClerkConfig.withoutRetry(stream)).toEqualTypeOf<typeof stream>()
  })
})

describe("the type of ClerkError.catchAll", () => {
  class Own extends Data.TaggedError("Own") {}
  const guarded = Effect.filterOrFail(
    Sessions.get("a"),
    ({ status }) => status === "active",
    () => new Own()
  )

  it("keeps the errors of the program and removes Clerk's", () => {
    const handled = guarded.pipe(ClerkError.catchAll((error) => Effect.succeed(error.message)))
    expectTypeOf(handled).toEqualTypeOf<Effect.Effect<string | Session.Session, Own, Requirements>>()
    const first = ClerkError.catchAll(guarded, () => Effect.void)
    expectTypeOf(first).toEqualTypeOf<Effect.Effect<void | Session.Session, Own, Requirements>>()
  })

  it("gives the handler the Clerk errors that are left", () => {
    const all = guarded.pipe(
      ClerkError.catchAll((error) => {
        expectTypeOf(error).toEqualTypeOf<WithNotFound>()
        return Effect.void
      })
    )
    expectTypeOf<Effect.Effect.Error<typeof all>>().toEqualTypeOf<Own>()
    const left = guarded.pipe(
      Effect.catchTag("NotFound", () => Effect.succeed(undefined)),
      ClerkError.catchAll((error) => {
        expectTypeOf(error).toEqualTypeOf<Exclude<WithNotFound, ClerkError.NotFound>>()
        return Effect.void
      })
    )
    expectTypeOf<Effect.Effect.Error<typeof left>>().toEqualTypeOf<Own>()
  })

  it("adds the errors and the requirements of the handler", () => {
    class Other extends Data.TaggedError("Other") {}
    class Service extends Context.Tag("Service")<Service, string>() {}
    const handled = ClerkError.catchAll(guarded, () => Effect.zipRight(Service, Effect.fail(new Other())))
    expectTypeOf<Effect.Effect.Error<typeof handled>>().toEqualTypeOf<Own | Other>()
    expectTypeOf<Effect.Effect.Context<typeof handled>>().toEqualTypeOf<Requirements | Service>()
  })

  it("can follow isClerkError, which narrows", () => {
    const narrow = (error: Own | ClerkError.ClerkError) =>
      ClerkError.isClerkError(error) ? error.operation : error._tag
    expectTypeOf(narrow).returns.toEqualTypeOf<string>()
  })
})
