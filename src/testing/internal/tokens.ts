import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import { compactVerify } from "jose"

import type { Session } from "../../Session.js"
import type { Access } from "./access.js"
import * as Claims from "./claims.js"
import { holdTestClock } from "./holdTestClock.js"
import type { Ids } from "./ids.js"
import type * as Keys from "./keys.js"

/**
 * A JWT template.
 *
 * @since 0.1.0
 * @category models
 */
export interface Template {
  /** Its custom claims, copied as they are: shortcodes stay. They cannot replace the default claims. */
  readonly claims?: Claims.Claims | undefined
  /** The lifetime of its tokens; 60 seconds by default. */
  readonly lifetime?: Duration.DurationInput | undefined
}

/**
 * How a hand-made token differs from a token of Clerk.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenOptions {
  /** Claims to add or to replace; an `undefined` one is left out. */
  readonly claims?: Claims.Claims | undefined
  /** Members of the header to add or to replace; an `undefined` one is left out. `alg: "none"` leaves no signature. */
  readonly header?: Readonly<Record<string, unknown>> | undefined
  /** The version of its claims; the instance's by default. */
  readonly version?: Claims.Version | undefined
}

/** The categories that Clerk writes into the header of a token. */
const categories = { session: "cl_B7d4PD111AAA", template: "cl_B7d4PD222AAA" } as const

/** When a token is minted, in milliseconds, and how long it lives, in seconds. */
interface Mint {
  readonly now: number
  readonly lifetime?: number | undefined
}

/** Mints and verifies the tokens of one Clerk. */
export interface Tokens {
  /** Mints a session token. `origin` becomes `azp`. */
  readonly session: (
    session: Session,
    access: Access,
    options: Mint & TokenOptions & { readonly origin?: string | undefined }
  ) => Effect.Effect<string>
  /** Mints a token from a template. */
  readonly template: (template: Template, session: Session, options: Mint) => Effect.Effect<string>
  /** The claims of a token of this Clerk, expired or not; undefined for any other token. */
  readonly verify: (token: string) => Effect.Effect<Claims.Claims | undefined>
  /** The public key, as a key set. */
  readonly keySet: Effect.Effect<{ readonly keys: ReadonlyArray<object> }>
  /** The public key in PEM. */
  readonly jwtKey: Effect.Effect<string>
  /** Replaces the key. */
  readonly rotateKeys: Effect.Effect<void>
}

/** Makes the mint of one Clerk. */
export const make = (options: {
  readonly ids: Ids
  readonly issuer: string
  readonly lifetime: number
  readonly version: Claims.Version
  readonly keys: Keys.Keys
}): Tokens => {
  const { ids, issuer, keys } = options

  const sign = (claims: Claims.Claims, header: Readonly<Record<string, unknown>>) =>
    holdTestClock(async () => {
      const { kid, pair } = await keys.current()
      const fullHeader = { alg: "RS256", kid, typ: "JWT", ...header }
      const content = `${encode(fullHeader)}.${encode(claims)}`
      if (fullHeader.alg === "none") return `${content}.`
      // jose refuses to sign a header that does not fit the key, which a test of a verifier needs.
      const bytes = new TextEncoder().encode(content)
      const signature = await crypto.subtle.sign("RSASSA-PKCS1-v1_5", pair.privateKey, bytes)
      return `${content}.${Encoding.encodeBase64Url(new Uint8Array(signature))}`
    })

  const issue = ({ lifetime = options.lifetime, now }: Mint): Claims.Issue => ({
    issuer,
    now,
    lifetime,
    jti: ids.tokenId()
  })

  return {
    session: (session, access, { claims, header, origin, version = options.version, ...mint }) =>
      Effect.suspend(() =>
        sign(
          { ...Claims.ofSession(session, access, { ...issue(mint), version, origin }), ...claims },
          { cat: categories.session, ...header }
        )
      ),
    template: (template, session, { lifetime, now }) =>
      Effect.suspend(() =>
        sign(
          Claims.ofTemplate(
            session,
            template.claims ?? {},
            issue({ now, lifetime: lifetime ?? Duration.toSeconds(template.lifetime ?? "60 seconds") })
          ),
          { cat: categories.template }
        )
      ),
    verify: (token) =>
      holdTestClock(async () => {
        const { pair } = await keys.current()
        return compactVerify(token, pair.publicKey, { algorithms: ["RS256"] }).then(
          ({ payload }): Claims.Claims => JSON.parse(new TextDecoder().decode(payload)),
          () => undefined
        )
      }).pipe(Effect.map((claims) => (claims?.["iss"] === issuer ? claims : undefined))),
    keySet: holdTestClock(async () => ({ keys: [(await keys.current()).jwk] })),
    jwtKey: holdTestClock(async () => (await keys.current()).pem),
    rotateKeys: Effect.sync(() => keys.rotate())
  }
}

const encode = (value: object) => Encoding.encodeBase64Url(JSON.stringify(value))
