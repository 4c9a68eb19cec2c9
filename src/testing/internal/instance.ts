import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"

import { holdTestClock } from "./holdTestClock.js"

/** The two kinds of instances of Clerk. */
export type Instance = "development" | "production"

/** The instance that a secret key belongs to. */
export const ofKey = (secretKey: string): Instance =>
  secretKey.startsWith("sk_live_") ? "production" : "development"

const mode = (instance: Instance) => (instance === "production" ? "live" : "test")

/** The secret key of an instance that is given none. */
export const defaultKey = (instance: Instance = "development") =>
  `sk_${mode(instance)}_0123456789abcdefghijklmnop`

/** The issuer of an instance that is given none. The name is reserved (RFC 2606), so no one else can own it. */
export const defaultIssuer = (instance: Instance) => `https://clerk.${instance}.test`

/** The URL of a Clerk in memory. The name is reserved, so that no other HTTP client sends a request to a real server. */
export const memoryUrl = "https://api.clerk.test"

/** Checks an issuer and drops a trailing slash. */
export const parseIssuer = (issuer: string): Either.Either<string, string> => {
  if (!URL.canParse(issuer)) return Either.left("is not a URL, such as https://clerk.example.test")
  const url = new URL(issuer)
  const isOrigin = /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`
  return isOrigin
    ? Either.right(url.origin)
    : Either.left("must be http: or https:, a host and a port only, such as https://clerk.example.test")
}

/** The publishable key of an instance: its Frontend API, which is the host of its issuer. */
export const publishableKey = (instance: Instance, issuer: string) =>
  `pk_${mode(instance)}_${Encoding.encodeBase64(`${new URL(issuer).host}$`).replace(/=+$/, "")}`

/** The suffix of the names of suffixed cookies. */
export const cookieSuffix = (publishableKey: string) =>
  holdTestClock(async () => {
    const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(publishableKey))
    return Encoding.encodeBase64Url(new Uint8Array(digest)).slice(0, 8)
  })
