/** Errors of layers whose options are wrong. */
import type { HttpClient } from "@effect/platform/HttpClient"
import { ClerkConfig, SessionTokens } from "effect-clerk"
import * as ClerkRateLimiter from "effect-clerk/ClerkRateLimiter"
import * as SessionVerifier from "effect-clerk/SessionVerifier"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

import * as Mock from "../support/mock.js"
import * as Wire from "../support/wire.js"
import { secret, type Section } from "./section.js"

/** The message of a layer that cannot be built. */
const layerMessage = <A>(
  layer: Layer.Layer<A, ConfigError, HttpClient | ClerkConfig.ClerkConfig>,
  entries: Record<string, string> = {}
) =>
  Layer.build(layer).pipe(
    Effect.provide(Mock.clerk().layer),
    Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(entries)))),
    Effect.flip,
    Effect.map(String),
    Effect.scoped,
    Effect.orDie
  )
const setting = (options: object) =>
  layerMessage(ClerkConfig.layer({ secretKey: Redacted.make(Wire.secretKey), ...options }))
const variable = (entries: Record<string, string>) =>
  layerMessage(ClerkConfig.layerEnv, { CLERK_SECRET_KEY: Wire.secretKey, ...entries })

const wiped = () => {
  const redacted = Redacted.make(secret)
  Redacted.unsafeWipe(redacted)
  return redacted
}

const verifier = (options: object) => layerMessage(SessionVerifier.layer(options))
const verifierVariable = (entries: Record<string, string>) =>
  layerMessage(SessionVerifier.layerEnv, { CLERK_SECRET_KEY: Wire.secretKey, ...entries })
const limiter = (options: ClerkRateLimiter.Options) => layerMessage(ClerkRateLimiter.layer(options))
const tokens = (options: SessionTokens.Options) => layerMessage(SessionTokens.layer(options))

export const configErrors: ReadonlyArray<Section> = [
  {
    title: "ConfigError: ClerkConfig.layer",
    cases: [
      ["a publishable key", setting({ secretKey: Redacted.make(`pk_test_${secret}`) })],
      ["a token", setting({ secretKey: Redacted.make(`eyJ${secret}.a.b`) })],
      ["an empty key", setting({ secretKey: Redacted.make("  ") })],
      ["a key with a line break", setting({ secretKey: Redacted.make(`sk_${secret}\nsk_${secret}`) })],
      ["a key with a letter beyond ASCII", setting({ secretKey: Redacted.make(`sk_${secret}_ü`) })],
      ["a key that is not redacted", setting({ secretKey: `sk_${secret}` })],
      ["no key", setting({ secretKey: undefined })],
      ["a wiped key", setting({ secretKey: wiped() })],
      ["http", setting({ apiUrl: "http://api.clerk.com" })],
      ["http to a host that looks like a loopback host", setting({ apiUrl: "http://127.0.0.1.example.com" })],
      ["another scheme", setting({ apiUrl: "ftp://api.clerk.com" })],
      ["a relative URL", setting({ apiUrl: "/v1" })],
      ["credentials in the URL", setting({ apiUrl: `https://user:${secret}@api.clerk.com` })],
      ["a query in the URL", setting({ apiUrl: `https://api.clerk.com?${secret}` })],
      ["a fragment in the URL", setting({ apiUrl: `https://api.clerk.com#${secret}` })],
      ["an apiVersion with a line break", setting({ apiVersion: `2026\r\nx: ${secret}` })],
      ["an empty userAgent", setting({ userAgent: "" })],
      ["a timeout of zero", setting({ timeout: 0 })],
      ["a timeout that is no duration", setting({ timeout: secret })],
      ["a deadline below zero", setting({ deadline: -1 })],
      ["a retry that is no schedule", setting({ retry: {} })],
      ["a maxResponseSize of zero", setting({ maxResponseSize: 0 })],
      ["a maxResponseSize with a fraction", setting({ maxResponseSize: 0.5 })]
    ]
  },
  {
    title: "ConfigError: ClerkConfig.layerEnv",
    cases: [
      ["no key", layerMessage(ClerkConfig.layerEnv)],
      ["an empty key", variable({ CLERK_SECRET_KEY: "" })],
      ["a publishable key", variable({ CLERK_SECRET_KEY: `pk_test_${secret}` })],
      ["http", variable({ CLERK_API_URL: "http://api.clerk.com" })],
      ["an apiVersion with a line break", variable({ CLERK_API_VERSION: `2026\n${secret}` })],
      ["a timeout that is no duration", variable({ CLERK_TIMEOUT: "soon" })],
      ["a deadline of zero", variable({ CLERK_DEADLINE: "0 seconds" })]
    ]
  },
  {
    title: "ConfigError: ClerkConfig.layerConfig",
    cases: [
      ["no key", layerMessage(ClerkConfig.layerConfig({ secretKey: Config.redacted("AUTH_SECRET_KEY") }))],
      [
        "a publishable key",
        layerMessage(ClerkConfig.layerConfig({ secretKey: Config.redacted("AUTH_SECRET_KEY") }), {
          AUTH_SECRET_KEY: `pk_test_${secret}`
        })
      ]
    ]
  },
  {
    title: "ConfigError: SessionVerifier",
    cases: [
      ["no authorized party", verifier({ authorizedParties: [] })],
      ["a party with a path", verifier({ authorizedParties: ["https://example.com/"] })],
      ["an empty audience", verifier({ audience: "" })],
      ["an empty issuer", verifier({ issuer: "" })],
      ["a negative skew", verifier({ clockSkew: -1 })],
      ["an infinite skew", verifier({ clockSkew: Duration.infinity })],
      ["keysFreshFor of zero", verifier({ keysFreshFor: 0 })],
      ["keysKeptFor below keysFreshFor", verifier({ keysKeptFor: "1 minute" })],
      ["a secret key as publishableKey", verifier({ publishableKey: `sk_test_${secret}` })],
      ["a jwtKey that is no key", layerMessage(SessionVerifier.layerKey({ jwtKey: secret }))],
      ["an empty jwtKey", layerMessage(SessionVerifier.layerKey({ jwtKey: "" }))],
      ["CLERK_JWT_KEY that is no key", verifierVariable({ CLERK_JWT_KEY: secret })],
      ["CLERK_PUBLISHABLE_KEY that is none", verifierVariable({ CLERK_PUBLISHABLE_KEY: secret })],
      [
        "CLERK_AUTHORIZED_PARTIES with a path",
        verifierVariable({ CLERK_AUTHORIZED_PARTIES: "https://a.example/b" })
      ],
      ["no CLERK_SECRET_KEY", layerMessage(SessionVerifier.layerEnv)]
    ]
  },
  {
    title: "ConfigError: ClerkRateLimiter",
    cases: [
      ["a quota of zero", limiter({ quota: 0 })],
      ["a share above 1", limiter({ share: 2 })],
      ["a share that leaves nothing", limiter({ quota: 1, share: 0.5 })],
      ["an infinite window", limiter({ per: Duration.infinity })]
    ]
  },
  {
    title: "ConfigError: SessionTokens",
    cases: [
      ["an infinite margin", tokens({ margin: Duration.infinity })],
      ["a capacity of zero", tokens({ capacity: 0 })]
    ]
  }
]
