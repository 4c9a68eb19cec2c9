import { inspect } from "node:util"

import { assert, describe, it } from "@effect/vitest"
import { Cause, ConfigProvider, Duration, Effect, Layer, Redacted, TestClock } from "effect"
import * as SessionVerifier from "effect-clerk/SessionVerifier"
import { ClerkTest } from "effect-clerk/testing"
import { exportPKCS8, exportSPKI, generateKeyPair } from "jose"

import * as Tokens from "./tokens.js"

/** Verifies one token with the layer, and says `works` or why the layer cannot be built. */
const outcome = (layer: Layer.Layer<SessionVerifier.SessionVerifier, unknown>, token: string) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(Tokens.iat * 1000)
    return yield* SessionVerifier.verify(token).pipe(
      Effect.as("works"),
      Effect.provide(layer),
      Effect.catchAllCause((cause) => Effect.succeed(Cause.pretty(cause)))
    )
  })

const body = (pem: string) => pem.replaceAll(/-----[A-Z ]+-----|\s/g, "")

describe("layerKey", () => {
  const spellings: ReadonlyArray<readonly [string, (pem: string) => string]> = [
    ["as the Dashboard shows it", (pem) => pem],
    ["without a final line end", (pem) => pem.trim()],
    ["with line ends of Windows", (pem) => pem.replaceAll("\n", "\r\n")],
    ["with line ends written out", (pem) => pem.replaceAll("\n", "\\n")],
    ["with line ends of Windows written out", (pem) => pem.replaceAll("\n", "\\r\\n")],
    ["with line ends turned to spaces", (pem) => pem.replaceAll("\n", " ")],
    ["in double quotes", (pem) => `"${pem.replaceAll("\n", "\\n")}"`],
    ["in single quotes", (pem) => `'${pem}'`],
    ["with white space around it", (pem) => `\n\t ${pem} \n`],
    ["with indented lines", (pem) => pem.replaceAll("\n", "\n    ")],
    ["in one line", (pem) => pem.replaceAll("\n", "")],
    ["as bare base64", body],
    ["as bare base64 in lines", (pem) => pem.trim().split("\n").slice(1, -1).join("\n")],
    ["as base64 of the whole PEM", (pem) => btoa(pem)]
  ]

  for (const [name, spell] of spellings) {
    it.effect(`takes the key ${name}`, () =>
      Effect.gen(function* () {
        const one = yield* Tokens.instance()
        const token = yield* Tokens.sign(one)
        const key = spell(one.pem)
        assert.strictEqual(yield* outcome(SessionVerifier.layerKey({ jwtKey: key }), token), "works")
        const redacted = SessionVerifier.layerKey({ jwtKey: Redacted.make(key) })
        assert.strictEqual(yield* outcome(redacted, token), "works")
      })
    )
  }

  it.effect("takes keys of more than 2048 bits", () =>
    Effect.gen(function* () {
      const { privateKey, publicKey } = yield* Effect.promise(() =>
        generateKeyPair("RS256", { modulusLength: 3072, extractable: true })
      )
      const pem = yield* Effect.promise(() => exportSPKI(publicKey))
      const payload = new TextEncoder().encode(JSON.stringify(Tokens.sessionClaims()))
      const token = yield* Tokens.signBytes(privateKey, payload, Tokens.sessionHeader("ins_large"))
      assert.strictEqual(yield* outcome(SessionVerifier.layerKey({ jwtKey: pem }), token), "works")
    })
  )

  it.effect("fails for anything else, and never quotes it", () =>
    Effect.gen(function* () {
      const one = yield* Tokens.instance()
      const token = yield* Tokens.sign(one)
      const privatePem = yield* Effect.promise(() => exportPKCS8(one.privateKey))
      const weak = yield* Effect.promise(async () => {
        const { publicKey } = await crypto.subtle.generateKey(
          {
            name: "RSASSA-PKCS1-v1_5",
            hash: "SHA-256",
            modulusLength: 1024,
            publicExponent: new Uint8Array([1, 0, 1])
          },
          true,
          ["sign", "verify"]
        )
        return exportSPKI(publicKey)
      })
      const curve = yield* Effect.promise(async () => {
        const { publicKey } = await generateKeyPair("ES256", { extractable: true })
        return exportSPKI(publicKey)
      })
      const wiped = Redacted.make(one.pem)
      Redacted.unsafeWipe(wiped)
      const refused: ReadonlyArray<readonly [unknown, RegExp]> = [
        ["", /not an RSA public key/],
        [" \n", /not an RSA public key/],
        ["garbage", /not an RSA public key/],
        ["AAAA", /not an RSA public key/],
        [Tokens.secretKey, /not an RSA public key/],
        [token, /not an RSA public key/],
        [one.pem.replace("-----END", "----END"), /not an RSA public key/],
        [one.pem + one.pem, /not an RSA public key/],
        [body(one.pem).slice(0, -8), /not an RSA public key/],
        [btoa(btoa(one.pem)), /not an RSA public key/],
        [JSON.stringify(one.jwk), /not an RSA public key/],
        [curve, /not an RSA public key/],
        [weak, /less than 2048 bits/],
        [privatePem, /private key/],
        [one.pem.replaceAll("PUBLIC KEY", "RSA PUBLIC KEY"), /must start with "-----BEGIN PUBLIC KEY-----"/],
        [one.pem.replaceAll("PUBLIC KEY", "CERTIFICATE"), /must start with "-----BEGIN PUBLIC KEY-----"/],
        [undefined, /not an RSA public key/],
        [5, /not an RSA public key/],
        [wiped, /not an RSA public key/]
      ]
      for (const [key, expected] of refused) {
        // Programs without types pass anything.
        const text = yield* outcome(SessionVerifier.layerKey({ jwtKey: key as string }), token)
        assert.match(text, /jwtKey/, JSON.stringify(key))
        assert.match(text, expected)
        const secret = Redacted.isRedacted(key) ? one.pem : String(key)
        for (const line of secret
          .split(/\s+/)
          .filter((part) => part.length > 12 && !part.startsWith("-----"))) {
          assert.notInclude(text, line)
        }
      }
    })
  )
})

describe("options that make no sense", () => {
  const refused: ReadonlyArray<readonly [string, { readonly [name: string]: unknown }]> = [
    ["clockSkew", { clockSkew: "-1 seconds" }],
    ["clockSkew", { clockSkew: -5000 }],
    ["clockSkew", { clockSkew: -5n }],
    ["clockSkew", { clockSkew: [-1, 0] }],
    ["clockSkew", { clockSkew: Duration.infinity }],
    ["clockSkew", { clockSkew: Number.NaN }],
    ["clockSkew", { clockSkew: "a while" }],
    ["keysFreshFor", { keysFreshFor: 0 }],
    ["keysFreshFor", { keysFreshFor: Duration.infinity }],
    ["keysFreshFor", { keysFreshFor: "-5 minutes" }],
    ["keysKeptFor", { keysKeptFor: 0 }],
    ["keysKeptFor", { keysKeptFor: "1 minute" }],
    ["refreshAtMost", { refreshAtMost: 0 }],
    ["refreshAtMost", { refreshAtMost: "-30 seconds" }],
    ["authorizedParties", { authorizedParties: [] }],
    ["authorizedParties", { authorizedParties: [""] }],
    ["authorizedParties", { authorizedParties: ["https://example.com/"] }],
    ["authorizedParties", { authorizedParties: ["https://example.com/app"] }],
    ["authorizedParties", { authorizedParties: ["HTTPS://example.com"] }],
    ["authorizedParties", { authorizedParties: ["https://"] }],
    ["authorizedParties", { authorizedParties: ["*"] }],
    ["authorizedParties", { authorizedParties: ["https://*.example.com"] }],
    ["authorizedParties", { authorizedParties: ["app.example.com"] }],
    ["authorizedParties", { authorizedParties: ["chrome-extension://abcdef/"] }],
    ["authorizedParties", { authorizedParties: [5] }],
    ["authorizedParties", { authorizedParties: null }],
    ["audience", { audience: "" }],
    ["audience", { audience: [] }],
    ["issuer", { issuer: "" }],
    ["issuer", { issuer: 5 }],
    ["publishableKey", { publishableKey: "" }],
    ["publishableKey", { publishableKey: Tokens.secretKey }],
    ["publishableKey", { publishableKey: 5 }]
  ]

  for (const [name, options] of refused) {
    it.effect(`${name}: ${inspect(options)}`, () =>
      Effect.gen(function* () {
        const one = yield* Tokens.instance()
        const layers = [
          Tokens.serveKeys(() => Effect.succeed(Tokens.keySet(one)), { verifier: options }).layer,
          ...(name.startsWith("keys") || name === "refreshAtMost"
            ? []
            : [SessionVerifier.layerKey({ jwtKey: one.pem, ...options })])
        ]
        for (const layer of layers) {
          const error = yield* Effect.flip(Layer.build(layer))
          assert.deepInclude(error, { _op: "InvalidData", path: [name] })
          assert.notInclude(String(error), Tokens.secretKey)
        }
      }).pipe(Effect.scoped)
    )
  }

  it.effect("others are taken", () =>
    Effect.gen(function* () {
      const one = yield* Tokens.instance()
      const taken: ReadonlyArray<SessionVerifier.KeySetOptions> = [
        { clockSkew: 0 },
        { clockSkew: "1 day" },
        {
          authorizedParties: [
            "http://localhost:3000",
            "chrome-extension://abcdef",
            "https://example.com:8443"
          ]
        },
        { keysFreshFor: "1 hour", keysKeptFor: "1 hour" },
        { issuer: undefined, audience: undefined, publishableKey: undefined, authorizedParties: undefined }
      ]
      for (const verifier of taken) {
        yield* Layer.build(Tokens.serveKeys(() => Effect.succeed(Tokens.keySet(one)), { verifier }).layer)
      }
    }).pipe(Effect.scoped)
  )
})

describe("layerEnv", () => {
  const run = (variables: ReadonlyArray<readonly [string, string]>, claims: Tokens.Json = {}) =>
    Effect.gen(function* () {
      const one = yield* Tokens.instance()
      const requests: Array<string> = []
      const clerk = ClerkTest.layerHandler((request) =>
        Effect.sync(() => {
          requests.push(request.headers.get("authorization") ?? "")
          return Tokens.keySet(one)
        })
      )
      const layer = SessionVerifier.layerEnv.pipe(
        Layer.provide(clerk),
        Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map(variables))))
      )
      const text = yield* outcome(layer, yield* Tokens.sign(one, Tokens.sessionClaims(claims)))
      return { text, requests }
    })

  it.effect("uses CLERK_JWT_KEY where it is set, and asks nobody", () =>
    Effect.gen(function* () {
      const { pem } = yield* Tokens.instance()
      assert.deepStrictEqual(yield* run([["CLERK_JWT_KEY", pem]]), { text: "works", requests: [] })
      const both = yield* run([
        ["CLERK_JWT_KEY", pem.replaceAll("\n", "\\n")],
        ["CLERK_SECRET_KEY", Tokens.secretKey]
      ])
      assert.deepStrictEqual(both, { text: "works", requests: [] })
    })
  )

  it.effect("fails for a bad CLERK_JWT_KEY, although CLERK_SECRET_KEY is set", () =>
    Effect.gen(function* () {
      const { requests, text } = yield* run([
        ["CLERK_JWT_KEY", "garbage"],
        ["CLERK_SECRET_KEY", Tokens.secretKey]
      ])
      assert.match(text, /CLERK_JWT_KEY/)
      assert.notInclude(text, "garbage")
      assert.deepStrictEqual(requests, [])
    })
  )

  it.effect("loads the keys by CLERK_SECRET_KEY otherwise; an empty variable is none", () =>
    Effect.gen(function* () {
      const { requests, text } = yield* run([
        ["CLERK_JWT_KEY", " "],
        ["CLERK_AUTHORIZED_PARTIES", ""],
        ["CLERK_PUBLISHABLE_KEY", ""],
        ["CLERK_SECRET_KEY", Tokens.secretKey]
      ])
      assert.strictEqual(text, "works")
      assert.deepStrictEqual(requests, [`Bearer ${Tokens.secretKey}`])
      assert.match((yield* run([])).text, /CLERK_SECRET_KEY/)
    })
  )

  it.effect("reads the parties, separated by commas", () =>
    Effect.gen(function* () {
      const { pem } = yield* Tokens.instance()
      const parties = (text: string) =>
        run([
          ["CLERK_JWT_KEY", pem],
          ["CLERK_AUTHORIZED_PARTIES", text]
        ])
      assert.strictEqual((yield* parties("https://a.example, https://example.com,")).text, "works")
      assert.match((yield* parties("https://a.example")).text, /TokenRejected|rejected \(party\)/)
      assert.match((yield* parties("https://a.example/")).text, /CLERK_AUTHORIZED_PARTIES/)
    })
  )

  it.effect("names the variable of a publishable key that is none", () =>
    Effect.gen(function* () {
      const { pem } = yield* Tokens.instance()
      const { text } = yield* run([
        ["CLERK_JWT_KEY", pem],
        ["CLERK_PUBLISHABLE_KEY", Tokens.secretKey]
      ])
      assert.match(text, /CLERK_PUBLISHABLE_KEY/)
      assert.notInclude(text, Tokens.secretKey)
    })
  )
})
