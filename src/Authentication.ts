/**
 * Middleware that authenticates the requests of a server: for `HttpApi`, `HttpRouter` and `HttpLayerRouter`.
 *
 * **Details**
 *
 * Handlers get the session from `CurrentSession`, and do not compile without a middleware that provides it. A request
 * without a valid session is answered with 401, and with 503 while the keys of the instance cannot be loaded; the body is
 * the `AuthenticationError` as JSON.
 *
 * @see https://clerk.com/docs/guides/sessions/manual-jwt-verification
 * @module
 * @since 0.1.0
 */
import * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import * as HttpApiSecurity from "@effect/platform/HttpApiSecurity"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

import { AuthenticationError } from "./AuthenticationError.js"
import { cookie } from "./internal/verify/credentials.js"
import { type Authenticated, type Service, SessionVerifier } from "./SessionVerifier.js"

/**
 * The session of the request that is being handled.
 *
 * **Example** (A handler that answers with the user's id)
 *
 * ```ts
 * import { CurrentSession } from "effect-clerk/Authentication"
 * import { Effect } from "effect"
 *
 * export const whoAmI = Effect.map(CurrentSession, ({ claims }) => claims.userId)
 * ```
 *
 * @since 0.1.0
 * @category tags
 */
export class CurrentSession extends Context.Tag("effect-clerk/CurrentSession")<
  CurrentSession,
  Authenticated
>() {}

/**
 * The middleware of an `HttpApi`, one of its groups or one of its endpoints.
 *
 * **Details**
 *
 * It provides `CurrentSession`, adds `AuthenticationError` to the errors, and names both ways to send a token in the
 * OpenAPI document: `bearer` and `cookie`. Both are answered by one authentication of the request, so the error is that of
 * the token that was sent.
 *
 * **Example** (Protect a group)
 *
 * ```ts
 * import { HttpApiEndpoint, HttpApiGroup } from "@effect/platform"
 * import { Authentication } from "effect-clerk/Authentication"
 * import { Schema } from "effect"
 *
 * export const Account = HttpApiGroup.make("account")
 *   .add(HttpApiEndpoint.get("whoAmI", "/me").addSuccess(Schema.String))
 *   .middleware(Authentication)
 * ```
 *
 * @since 0.1.0
 * @category tags
 */
export class Authentication extends HttpApiMiddleware.Tag<Authentication>()("effect-clerk/Authentication", {
  failure: AuthenticationError,
  provides: CurrentSession,
  security: {
    bearer: HttpApiSecurity.bearer,
    cookie: HttpApiSecurity.apiKey({ in: "cookie", key: cookie })
  }
}) {}

/**
 * Provides the middleware of an `HttpApi`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Authentication, never, SessionVerifier> = Layer.effect(
  Authentication,
  Effect.map(SessionVerifier, (verifier) => {
    const authenticate = authenticateOnce(verifier)
    // The platform decodes the schemes on its own terms; `authenticate` reads the headers itself.
    return { bearer: () => authenticate, cookie: () => authenticate }
  })
)

/**
 * Middleware for `HttpRouter.use`: authenticates every request of the router.
 *
 * **Example** (Protect a router)
 *
 * ```ts
 * import { HttpRouter, HttpServerResponse } from "@effect/platform"
 * import * as Authentication from "effect-clerk/Authentication"
 * import { Effect } from "effect"
 *
 * export const routes = HttpRouter.empty.pipe(
 *   HttpRouter.get(
 *     "/me",
 *     Effect.map(Authentication.CurrentSession, ({ claims }) => HttpServerResponse.text(claims.userId))
 *   ),
 *   HttpRouter.use(Authentication.router)
 * )
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const router = <E, R>(
  app: HttpApp.Default<E, R>
): HttpApp.Default<E, Exclude<R, CurrentSession> | SessionVerifier> =>
  Effect.flatMap(SessionVerifier, (verifier) => protect(verifier, app))

/**
 * Middleware for `HttpLayerRouter`: authenticates the requests of the routes that it is provided to.
 *
 * **Example** (Protect a route)
 *
 * ```ts
 * import { HttpLayerRouter, HttpServerResponse } from "@effect/platform"
 * import * as Authentication from "effect-clerk/Authentication"
 * import { Effect, Layer } from "effect"
 *
 * export const MeRoute = HttpLayerRouter.add(
 *   "GET",
 *   "/me",
 *   Effect.map(Authentication.CurrentSession, ({ claims }) => HttpServerResponse.text(claims.userId))
 * ).pipe(Layer.provide(Authentication.layerRouter))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerRouter = HttpLayerRouter.middleware<{ provides: CurrentSession }>()(
  Effect.map(SessionVerifier, (verifier) => (app) => protect(verifier, app))
).layer

/** Authenticates a request once, although each scheme of an `HttpApi` and each of its levels asks for it. */
function authenticateOnce(verifier: Service) {
  const outcomes = new WeakMap<object, Effect.Effect<Authenticated, AuthenticationError>>()
  return Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    const known = outcomes.get(request)
    if (known !== undefined) return known
    return Effect.flatMap(Effect.either(verifier.authenticate(request.headers)), (outcome) => {
      outcomes.set(request, outcome)
      return outcome
    })
  })
}

function protect<E, R>(
  verifier: Service,
  app: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
): Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  E,
  Exclude<R, CurrentSession> | HttpServerRequest.HttpServerRequest
> {
  return Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) =>
    Effect.matchEffect(verifier.authenticate(headers), {
      onFailure: (error) => Effect.succeed(respond(error)),
      onSuccess: (session) => Effect.provideService(app, CurrentSession, session)
    })
  )
}

const encode = Schema.encodeSync(AuthenticationError)

/** As an `HttpApi` responds: the status of the error's class, and its JSON. */
function respond(error: AuthenticationError): HttpServerResponse.HttpServerResponse {
  return HttpServerResponse.unsafeJson(encode(error), {
    status: error._tag === "KeysUnavailable" ? 503 : 401
  })
}
