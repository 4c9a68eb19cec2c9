/**
 * The operation that a request asks for. The seven operations of sessions have the names that errors and spans use.
 *
 * @since 0.1.0
 * @category models
 */
export type Operation =
  | "Sessions.list"
  | "Sessions.create"
  | "Sessions.get"
  | "Sessions.refresh"
  | "Sessions.revoke"
  | "Sessions.createToken"
  | "Sessions.createTokenFromTemplate"
  | "JWKS.get"
  | "Users.list"
  | "Users.count"
  | "Users.get"
  | "TestingTokens.create"

interface Route {
  readonly method: string
  readonly path: string
  readonly operation: Operation
  /** Whether the operation needs no secret key. */
  readonly isPublic: boolean
}

const route = (method: string, path: string, operation: Operation): Route => ({
  method,
  path,
  operation,
  isPublic: !path.startsWith("v1/")
})

const routes: ReadonlyArray<Route> = [
  route("GET", "v1/sessions", "Sessions.list"),
  route("POST", "v1/sessions", "Sessions.create"),
  route("GET", "v1/sessions/:id", "Sessions.get"),
  route("POST", "v1/sessions/:id/refresh", "Sessions.refresh"),
  route("POST", "v1/sessions/:id/revoke", "Sessions.revoke"),
  route("POST", "v1/sessions/:id/tokens", "Sessions.createToken"),
  route("POST", "v1/sessions/:id/tokens/:template", "Sessions.createTokenFromTemplate"),
  route("GET", "v1/jwks", "JWKS.get"),
  route("GET", ".well-known/jwks.json", "JWKS.get"),
  route("GET", "v1/users", "Users.list"),
  route("GET", "v1/users/count", "Users.count"),
  route("GET", "v1/users/:id", "Users.get"),
  route("POST", "v1/testing_tokens", "TestingTokens.create")
]

/** The names of all operations. */
export const operations: ReadonlyArray<Operation> = [...new Set(routes.map(({ operation }) => operation))]

/** The route of a request, or why there is none. */
export type Match =
  | {
      readonly _tag: "Route"
      readonly operation: Operation
      readonly isPublic: boolean
      readonly id: string
      readonly template: string
    }
  | { readonly _tag: "MethodNotAllowed" }
  | { readonly _tag: "NotFound" }

/** Finds the operation of a request by its method and the segments of its path. */
export const match = (method: string, segments: ReadonlyArray<string> | undefined): Match => {
  const candidates = routes.filter(({ path }) => matches(path.split("/"), segments ?? []))
  const found = candidates.find((route) => route.method === method)
  if (found !== undefined) {
    return { _tag: "Route", ...found, id: segments?.[2] ?? "", template: segments?.[4] ?? "" }
  }
  return { _tag: candidates.length > 0 ? "MethodNotAllowed" : "NotFound" }
}

const matches = (pattern: ReadonlyArray<string>, segments: ReadonlyArray<string>): boolean =>
  pattern.length === segments.length &&
  pattern.every((part, index) => part.startsWith(":") || part === segments[index])
