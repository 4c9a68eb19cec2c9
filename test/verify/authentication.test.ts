import {
  Headers,
  HttpApi,
  HttpApiBuilder,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpApiSchema,
  HttpApp,
  HttpLayerRouter,
  HttpRouter,
  HttpServer,
  type HttpServerRequest,
  HttpServerResponse,
  OpenApi
} from "@effect/platform"
import { Rpc, RpcGroup, RpcMiddleware, RpcTest } from "@effect/rpc"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Context, DateTime, Effect, Layer, Schema } from "effect"
import { AuthenticationError, Session } from "effect-clerk"
import * as Authentication from "effect-clerk/Authentication"
import { CurrentSession } from "effect-clerk/Authentication"
import * as SessionVerifier from "effect-clerk/SessionVerifier"

const ids = { sessionId: Session.SessionId.make("sess_1"), userId: Session.UserId.make("user_1") }
const time = DateTime.unsafeMake(0)

/** One error of each class, by its tag. */
const errors: { readonly [tag: string]: AuthenticationError.AuthenticationError } = {
  TokenMissing: new AuthenticationError.TokenMissing(),
  TokenExpired: new AuthenticationError.TokenExpired({ sessionId: ids.sessionId, expiredAt: time }),
  TokenNotYetValid: new AuthenticationError.TokenNotYetValid({ claim: "nbf", validFrom: time }),
  TokenRejected: new AuthenticationError.TokenRejected({ reason: "party", detail: "wrong" }),
  SessionPending: new AuthenticationError.SessionPending(ids),
  KeysUnavailable: new AuthenticationError.KeysUnavailable({ detail: "down" })
}

const encode = Schema.encodeSync(AuthenticationError.AuthenticationError)

/** A verifier that fails with the error that the token names, and counts how often it is asked. */
const counting = () => {
  const calls: Array<string> = []
  const layer = Layer.map(SessionVerifier.layerTest({ userId: "user_7" }), (context) => {
    const verifier = Context.get(context, SessionVerifier.SessionVerifier)
    return Context.make(SessionVerifier.SessionVerifier, {
      ...verifier,
      authenticate: (headers) =>
        Effect.suspend(() => {
          const tag = Headers.fromInput(headers)["x-error"]
          calls.push(tag ?? "")
          const error = tag === undefined ? undefined : errors[tag]
          return error === undefined ? verifier.authenticate(headers) : Effect.fail(error)
        })
    })
  })
  return { calls, layer }
}

const whoAmI = Effect.map(CurrentSession, ({ claims }) => claims.userId)

class Api extends HttpApi.make("api")
  .add(
    HttpApiGroup.make("account")
      .add(
        HttpApiEndpoint.get("me", "/me").addSuccess(Schema.String).middleware(Authentication.Authentication)
      )
      .middleware(Authentication.Authentication)
  )
  .add(HttpApiGroup.make("open").add(HttpApiEndpoint.get("health", "/health").addSuccess(Schema.String))) {}

const AccountLive = HttpApiBuilder.group(Api, "account", (handlers) => handlers.handle("me", () => whoAmI))
const OpenLive = HttpApiBuilder.group(Api, "open", (handlers) =>
  handlers.handle("health", () => Effect.succeed("well"))
)

const ApiLive = HttpApiBuilder.api(Api).pipe(
  Layer.provide([AccountLive, OpenLive]),
  Layer.provide(Authentication.layer)
)

type Send = (path: string, headers?: Record<string, string>) => Promise<Response>

/** The three kinds of servers, behind one function. */
const servers: ReadonlyArray<
  readonly [string, (verifier: Layer.Layer<SessionVerifier.SessionVerifier>) => Effect.Effect<Send>]
> = [
  [
    "HttpApi",
    (verifier) =>
      Effect.sync(() => {
        const { handler } = HttpApiBuilder.toWebHandler(
          Layer.mergeAll(ApiLive.pipe(Layer.provide(verifier)), HttpServer.layerContext)
        )
        return (path, headers = {}) => handler(new Request(`http://localhost${path}`, { headers }))
      })
  ],
  [
    "HttpRouter",
    (verifier) =>
      Effect.map(Effect.runtime<never>(), () => {
        const router = HttpRouter.empty.pipe(
          HttpRouter.get(
            "/me",
            Effect.map(whoAmI, (userId) => HttpServerResponse.unsafeJson(userId))
          ),
          HttpRouter.use(Authentication.router),
          HttpRouter.get("/health", HttpServerResponse.unsafeJson("well"))
        )
        const { handler } = HttpApp.toWebHandlerLayer(router, verifier)
        return (path, headers = {}) => handler(new Request(`http://localhost${path}`, { headers }))
      })
  ],
  [
    "HttpLayerRouter",
    (verifier) =>
      Effect.sync(() => {
        const me = HttpLayerRouter.add(
          "GET",
          "/me",
          Effect.map(whoAmI, (userId) => HttpServerResponse.unsafeJson(userId))
        ).pipe(Layer.provide(Authentication.layerRouter))
        const health = HttpLayerRouter.add("GET", "/health", HttpServerResponse.unsafeJson("well"))
        const { handler } = HttpLayerRouter.toWebHandler(
          Layer.mergeAll(me, health).pipe(Layer.provide(verifier)),
          { disableLogger: true }
        )
        return (path, headers = {}) => handler(new Request(`http://localhost${path}`, { headers }))
      })
  ]
]

for (const [name, serve] of servers) {
  describe(name, () => {
    const responses = (
      layer: Layer.Layer<SessionVerifier.SessionVerifier>,
      ...sends: ReadonlyArray<Parameters<Send>>
    ) =>
      Effect.gen(function* () {
        const send = yield* serve(layer)
        return yield* Effect.forEach(sends, (args) =>
          Effect.promise(async () => {
            const response = await send(...args)
            return { status: response.status, body: await response.json() }
          })
        )
      })

    it.live("lets a session in, by header and by cookie, with one authentication a request", () =>
      Effect.gen(function* () {
        const { calls, layer } = counting()
        const all = yield* responses(
          layer,
          ["/me", { authorization: "Bearer good" }],
          ["/me", { cookie: "__session=good" }],
          ["/health"]
        )
        assert.deepStrictEqual(all, [
          { status: 200, body: "user_7" },
          { status: 200, body: "user_7" },
          { status: 200, body: "well" }
        ])
        assert.strictEqual(calls.length, 2)
      })
    )

    it.live("responds to every error with its status and its JSON, after one authentication", () =>
      Effect.gen(function* () {
        const { calls, layer } = counting()
        for (const [tag, error] of Object.entries(errors)) {
          for (const credentials of [
            { authorization: "Bearer bad" },
            { cookie: "__session=bad" },
            { authorization: "Bearer a", cookie: "__session=b" }
          ]) {
            calls.length = 0
            const [response] = yield* responses(layer, ["/me", { ...credentials, "x-error": tag }])
            assert.strictEqual(response?.status, tag === "KeysUnavailable" ? 503 : 401, tag)
            assert.deepStrictEqual(response?.body, encode(error))
            assert.strictEqual(calls.length, 1)
          }
        }
      })
    )

    it.live("takes no other scheme for a bearer token", () =>
      Effect.gen(function* () {
        const [response] = yield* responses(counting().layer, ["/me", { authorization: "Basic  good" }])
        assert.strictEqual(response?.status, 401)
      })
    )
  })
}

describe("the OpenAPI document", () => {
  const document = OpenApi.fromApi(Api)

  it("names both schemes, and both statuses", () => {
    assert.deepInclude(document.components.securitySchemes["bearer"], { type: "http", scheme: "bearer" })
    assert.deepInclude(document.components.securitySchemes["cookie"], {
      type: "apiKey",
      in: "cookie",
      name: "__session"
    })
    const me = document.paths["/me"]?.get
    assert.deepStrictEqual(me?.security, [{ bearer: [] }, { cookie: [] }])
    assert.includeMembers(Object.keys(me?.responses ?? {}), ["200", "401", "503"])
    assert.deepStrictEqual(document.paths["/health"]?.get?.security, [])
  })
})

describe("the types", () => {
  it("a handler that needs CurrentSession does not compile without the middleware", () => {
    class Open extends HttpApi.make("open").add(
      HttpApiGroup.make("account").add(HttpApiEndpoint.get("me", "/me").addSuccess(Schema.String))
    ) {}
    const OpenAccount = HttpApiBuilder.group(Open, "account", (handlers) =>
      handlers.handle("me", () => whoAmI)
    )
    expectTypeOf<Layer.Layer.Context<typeof OpenAccount>>().toEqualTypeOf<CurrentSession>()
    expectTypeOf<Layer.Layer.Context<typeof AccountLive>>().toEqualTypeOf<Authentication.Authentication>()
    expectTypeOf<Layer.Layer.Context<typeof ApiLive>>().toEqualTypeOf<SessionVerifier.SessionVerifier>()

    const routes = HttpRouter.empty.pipe(HttpRouter.get("/me", Effect.map(whoAmI, HttpServerResponse.text)))
    const guarded = HttpRouter.use(routes, Authentication.router)
    expectTypeOf<Effect.Effect.Context<typeof routes>>().toEqualTypeOf<
      CurrentSession | HttpServerRequest.HttpServerRequest
    >()
    expectTypeOf<Effect.Effect.Context<typeof guarded>>().toEqualTypeOf<
      SessionVerifier.SessionVerifier | HttpServerRequest.HttpServerRequest
    >()
    expectTypeOf(Authentication.layerRouter).toExtend<
      Layer.Layer<HttpLayerRouter.Request<"Requires", CurrentSession>, never, SessionVerifier.SessionVerifier>
    >()
  })
})

describe("the errors in the types", () => {
  it("are exact", () => {
    type ErrorOf<F extends (...args: never) => unknown> = Effect.Effect.Error<
      Extract<ReturnType<F>, Effect.Effect<unknown, unknown, unknown>>
    >
    expectTypeOf<ErrorOf<typeof SessionVerifier.verify>["_tag"]>().toEqualTypeOf<
      "TokenExpired" | "TokenNotYetValid" | "TokenRejected" | "SessionPending" | "KeysUnavailable"
    >()
    expectTypeOf<
      ErrorOf<typeof SessionVerifier.authenticate>
    >().toEqualTypeOf<AuthenticationError.AuthenticationError>()
    expectTypeOf<
      Effect.Effect.Context<ReturnType<typeof SessionVerifier.verify>>
    >().toEqualTypeOf<SessionVerifier.SessionVerifier>()
  })
})

describe("RPC", () => {
  class RpcSession extends RpcMiddleware.Tag<RpcSession>()("RpcSession", {
    provides: CurrentSession,
    failure: AuthenticationError.AuthenticationError
  }) {}

  const RpcSessionLive = Layer.effect(
    RpcSession,
    Effect.map(
      SessionVerifier.SessionVerifier,
      (verifier) =>
        ({ headers }) =>
          verifier.authenticate(headers)
    )
  )

  const Rpcs = RpcGroup.make(Rpc.make("WhoAmI", { success: Schema.String })).middleware(RpcSession)

  const HandlersLive = Rpcs.toLayer({ WhoAmI: () => whoAmI })

  it.scoped("authenticates by the recipe of the guide", () =>
    Effect.gen(function* () {
      const client = yield* RpcTest.makeClient(Rpcs)
      const call = (headers: Record<string, string>) => client.WhoAmI(undefined, { headers })
      assert.strictEqual(yield* call({ authorization: "Bearer good" }), "user_7")
      assert.strictEqual(yield* call({ cookie: "__session=good" }), "user_7")
      assert.strictEqual((yield* Effect.flip(call({})))._tag, "TokenMissing")
      assert.strictEqual((yield* Effect.flip(call({ "x-error": "KeysUnavailable" })))._tag, "KeysUnavailable")
    }).pipe(Effect.provide(Layer.merge(HandlersLive, RpcSessionLive).pipe(Layer.provide(counting().layer))))
  )
})

describe("the errors", () => {
  it("carry the status that HttpApi reads", () => {
    for (const type of AuthenticationError.AuthenticationError.members) {
      const { tag, status } = { tag: type._tag, status: HttpApiSchema.getStatusError(type) }
      assert.strictEqual(status, tag === "KeysUnavailable" ? 503 : 401, tag)
    }
    assert.sameMembers(
      AuthenticationError.AuthenticationError.members.map((type) => type._tag),
      Object.keys(errors)
    )
  })

  it("say in one line what happened and what to do", () => {
    assert.deepStrictEqual(
      Object.values(errors).map(({ message }) => message),
      [
        "The request has no session token; send it as Authorization: Bearer, or as the __session cookie",
        "The session token expired at 1970-01-01T00:00:00.000Z; get a new one and repeat the request",
        "The session token is not valid yet: its nbf is 1970-01-01T00:00:00.000Z; check the clock of this machine",
        "The session token was rejected (party): wrong",
        "The session sess_1 is pending; let the user complete its tasks",
        "The keys of the Clerk instance are not available: down"
      ]
    )
  })

  it("survive JSON", () => {
    for (const error of Object.values(errors)) {
      const json: unknown = JSON.parse(JSON.stringify(encode(error)))
      assert.deepStrictEqual(Schema.decodeUnknownSync(AuthenticationError.AuthenticationError)(json), error)
    }
  })
})
