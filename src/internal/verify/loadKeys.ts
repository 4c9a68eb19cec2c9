/** Loads the public keys of the instance, by their ids. */
import type { HttpClient } from "@effect/platform/HttpClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

import { KeysUnavailable } from "../../AuthenticationError.js"
import { ClerkConfig } from "../../ClerkConfig.js"
import { call } from "../call.js"
import { decoder } from "../response/decode.js"
import { withoutNotFound } from "../response/errorResponse.js"
import { fromJwk } from "./publicKey.js"

export type Keys = ReadonlyMap<string, CryptoKey>

const KeySet = Schema.Struct({ keys: Schema.Array(Schema.Unknown) })

const fetchKeySet = call({
  name: "JWKS.get",
  method: "GET",
  path: ["jwks"],
  decodeResponse: decoder(KeySet),
  errorResponse: withoutNotFound
})

/** A request of a user waits for the keys. */
const longestWait = Duration.seconds(5)

export const loadKeys: Effect.Effect<Keys, KeysUnavailable, HttpClient | ClerkConfig> = fetchKeySet.pipe(
  Effect.updateService(ClerkConfig, (settings) => ({
    ...settings,
    deadline: Duration.min(settings.deadline, longestWait)
  })),
  Effect.mapError(({ message }) => new KeysUnavailable({ detail: message })),
  Effect.flatMap(({ keys }) => Effect.forEach(keys, importKey)),
  Effect.map((keys) => new Map(keys.flat())),
  // An instance without keys signs no tokens: the response is wrong, and users stay signed in.
  Effect.filterOrFail(
    (keys) => keys.size > 0,
    () =>
      new KeysUnavailable({
        detail: "JWKS.get (GET /v1/jwks): the key set has no RSA key; check the apiUrl setting"
      })
  )
)

/** Keys for other purposes than to verify RS256 are left out. */
const importKey = (jwk: unknown): Effect.Effect<ReadonlyArray<readonly [kid: string, key: CryptoKey]>> => {
  if (!Predicate.isRecord(jwk)) return Effect.succeed([])
  const { alg = "RS256", e, kid, kty, n, use = "sig" } = jwk
  return kty === "RSA" &&
    alg === "RS256" &&
    use === "sig" &&
    Predicate.isString(kid) &&
    Predicate.isString(n) &&
    Predicate.isString(e)
    ? Effect.match(fromJwk(n, e), { onFailure: () => [], onSuccess: (key) => [[kid, key]] })
    : Effect.succeed([])
}
