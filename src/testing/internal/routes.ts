/**
 * A request by what it asks for: the seven operations under the names that errors and spans give them, and the key set.
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

const routes: ReadonlyArray<readonly [method: string, path: string, operation: Operation]> = [
  ["GET", "sessions", "Sessions.list"],
  ["POST", "sessions", "Sessions.create"],
  ["GET", "sessions/:id", "Sessions.get"],
  ["POST", "sessions/:id/refresh", "Sessions.refresh"],
  ["POST", "sessions/:id/revoke", "Sessions.revoke"],
  ["POST", "sessions/:id/tokens", "Sessions.createToken"],
  ["POST", "sessions/:id/tokens/:template", "Sessions.createTokenFromTemplate"],
  ["GET", "jwks", "JWKS.get"]
]

/** Where a request leads. */
export type Match =
  | {
      readonly _tag: "Route"
      readonly operation: Operation
      readonly sessionId: string
      readonly template: string
    }
  | { readonly _tag: "OtherMethod" }
  | { readonly _tag: "Nowhere" }

/** Finds the operation of a request by its method and the segments of its path. */
export const match = (method: string, segments: ReadonlyArray<string> | undefined): Match => {
  const candidates = routes.filter(([, path]) => fits(path.split("/"), segments ?? []))
  const route = candidates.find(([verb]) => verb === method)
  if (route !== undefined) {
    return {
      _tag: "Route",
      operation: route[2],
      sessionId: segments?.[1] ?? "",
      template: segments?.[3] ?? ""
    }
  }
  return { _tag: candidates.length > 0 ? "OtherMethod" : "Nowhere" }
}

const fits = (pattern: ReadonlyArray<string>, segments: ReadonlyArray<string>): boolean =>
  pattern.length === segments.length &&
  pattern.every((part, index) => part.startsWith(":") || part === segments[index])
