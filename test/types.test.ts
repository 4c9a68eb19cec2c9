import type { HttpClient } from "@effect/platform/HttpClient"
import { describe, expectTypeOf, it } from "@effect/vitest"
import { type ClerkConfig, type ClerkError, type Session, Sessions } from "effect-clerk"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
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

describe("the type of every operation", () => {
  const params = { expiredToken: "a", refreshToken: "b", requestOrigin: "c" }

  it("is exact in value, failures and requirements", () => {
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

  it("of refresh follows the format", () => {
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

  it("asks a list for a client or a user", () => {
    expectTypeOf<{ limit: number }>().not.toExtend<Sessions.ListParams>()
    expectTypeOf<{ clientId: string }>().toExtend<Sessions.ListParams>()
    expectTypeOf<{ userId: string; status: "active" }>().toExtend<Sessions.ListParams>()
  })

  it("is empty of failures only when every tag is handled", () => {
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

  it("has no NotFound to handle where none is documented", () => {
    const list = Sessions.list({ userId: "a" })
    // @ts-expect-error there is no such tag in it
    Effect.catchTag(list, "NotFound", () => Effect.void)
  })

  it("of the settings' layer", () => {
    expectTypeOf<ReturnType<typeof ClerkConfig.layer>>().toEqualTypeOf<
      Layer.Layer<ClerkConfig.ClerkConfig, ConfigError>
    >()
  })
})
