import { Clock, Effect, Encoding, Option, Redacted } from "effect"
import { ClerkTest } from "effect-clerk/testing"

/** A token of this shape, unsigned. Nobody here verifies it. */
export const makeJwt = (claims: object): string =>
  ["{}", JSON.stringify(claims), "signature"].map((part) => Encoding.encodeBase64Url(part)).join(".")

/** A request for a token, answered by the test or after a delay. */
export interface Mint {
  readonly path: string
  readonly body: string
  readonly key: string
}

/**
 * Mints tokens without a signature, so that a test clock drives everything.
 *
 * `skew` is what Clerk's clock is ahead; `jti` numbers the tokens.
 */
export const makeMint = (
  options: {
    readonly skew?: number
    readonly lifetime?: number
    readonly claims?: object
    readonly delay?: number
    readonly respond?: (mint: Mint, count: number) => Effect.Effect<Response> | undefined
  } = {}
) => {
  const mints: Array<Mint> = []
  const layer = ClerkTest.layerHandler((request) =>
    Effect.gen(function* () {
      const body = yield* Effect.promise(() => request.text())
      const mint = {
        path: new URL(request.url).pathname,
        body,
        key: request.headers.get("authorization") ?? ""
      }
      mints.push(mint)
      const count = mints.length
      if (options.delay !== undefined) {
        yield* Effect.sleep(options.delay)
      }
      const custom = options.respond?.(mint, count)
      if (custom !== undefined) {
        return yield* custom
      }
      const now = Math.floor((yield* Clock.currentTimeMillis) / 1000) + (options.skew ?? 0)
      const claims = options.claims ?? { iat: now, exp: now + (options.lifetime ?? 60), jti: count }
      return Response.json({ object: "token", jwt: makeJwt(claims) })
    })
  )
  return { mints, layer }
}

/** The number of a token. */
export const numberOf = (token: { readonly jwt: Redacted.Redacted }): number => {
  const payload = Encoding.decodeBase64UrlString(Redacted.value(token.jwt).split(".")[1] ?? "")
  return JSON.parse(Option.getOrThrow(Option.getRight(payload))).jti
}
