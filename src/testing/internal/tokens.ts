import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

import type { Session } from "../../Session.js"
import { busy } from "./busy.js"
import type { Ids } from "./ids.js"

/** The claims of a token. */
export type Claims = Readonly<Record<string, unknown>>

/**
 * A JWT template.
 *
 * @since 0.1.0
 * @category models
 */
export interface Template {
  /** Claims of its own, taken as they are (no shortcodes are filled in); the default claims cannot be overridden. */
  readonly claims?: Claims | undefined
  /** How long its tokens are valid where nothing else is asked for; 60 seconds by default. */
  readonly lifetime?: Duration.DurationInput | undefined
}

/** Mints and checks the tokens of one Clerk. Times are in milliseconds since the epoch. */
export interface Tokens {
  /** A session token, version 2. `origin` becomes `azp`: tokens minted from a backend have none. */
  readonly session: (
    session: Session,
    options: { readonly now: number; readonly lifetime?: number; readonly origin?: string }
  ) => Effect.Effect<string>
  /** A token from a template, which is not bound to its session. */
  readonly template: (
    template: Template,
    session: Session,
    options: { readonly now: number; readonly lifetime?: number }
  ) => Effect.Effect<string>
  /** The claims of a token of this Clerk, however old, or nothing if it is somebody else's. */
  readonly verify: (token: string) => Effect.Effect<Claims | undefined>
  /** The public key, as a key set. */
  readonly keySet: Effect.Effect<{ readonly keys: ReadonlyArray<object> }>
}

/** Seconds by which a token counts as valid before it was issued, for clocks that are behind. */
const clockSkew = 5

// Loaded when the first token is wanted, so that tests which mint none need not have it installed.
const jose = () => import("jose")

let processKeys: Promise<CryptoKeyPair> | undefined

const generate = (): Promise<CryptoKeyPair> =>
  (processKeys ??= jose().then(({ generateKeyPair }) => generateKeyPair("RS256")))

const publish = async (keys: CryptoKeyPair) => {
  const { calculateJwkThumbprint, exportJWK } = await jose()
  const jwk = await exportJWK(keys.publicKey)
  const kid = `ins_${await calculateJwkThumbprint(jwk)}`
  return { keys, kid, jwk: { ...jwk, use: "sig", alg: "RS256", kid } }
}

/** Makes the mint of one Clerk. Without a key pair of its own it shares one with the rest of the process. */
export const make = (options: {
  readonly ids: Ids
  readonly issuer: string
  readonly lifetime: number
  readonly keyPair: CryptoKeyPair | undefined
}): Tokens => {
  let published: ReturnType<typeof publish> | undefined
  const key = () =>
    (published ??= (options.keyPair === undefined ? generate() : Promise.resolve(options.keyPair)).then(
      publish
    ))

  const sign = (claims: Claims) =>
    busy(async () => {
      const { SignJWT } = await jose()
      const { keys, kid } = await key()
      return new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid, typ: "JWT" }).sign(keys.privateKey)
    })

  const base = (session: Session, now: number, lifetime: number) => {
    const iat = Math.floor(now / 1000)
    return {
      iss: options.issuer,
      sub: session.userId,
      iat,
      nbf: iat - clockSkew,
      exp: iat + lifetime,
      jti: options.ids.opaque("jti", 20)
    }
  }

  return {
    session: (session, { lifetime = options.lifetime, now, origin }) =>
      Effect.suspend(() =>
        sign({
          ...base(session, now, lifetime),
          sid: session.id,
          sts: session.status,
          v: 2,
          fva: [Math.max(0, Math.floor((now - session.createdAt.epochMillis) / 60_000)), -1],
          ...(origin === undefined ? {} : { azp: origin }),
          ...Option.match(session.actor, { onNone: () => ({}), onSome: (act) => ({ act }) }),
          ...Option.match(session.lastActiveOrganizationId, {
            onNone: () => ({}),
            onSome: (id) => ({ o: organization(id) })
          })
        })
      ),
    template: (template, session, options) =>
      Effect.suspend(() => {
        const lifetime = options.lifetime ?? Duration.toSeconds(template.lifetime ?? "60 seconds")
        return sign({ ...template.claims, ...base(session, options.now, lifetime) })
      }),
    verify: (token) =>
      busy(async () => {
        const { compactVerify } = await jose()
        const { keys } = await key()
        return compactVerify(token, keys.publicKey, { algorithms: ["RS256"] }).then(
          ({ payload }): Claims => JSON.parse(new TextDecoder().decode(payload)),
          () => undefined
        )
      }).pipe(Effect.map((claims) => (claims?.["iss"] === options.issuer ? claims : undefined))),
    keySet: busy(async () => ({ keys: [(await key()).jwk] }))
  }
}

const organization = (id: string) => ({ id, slg: id.toLowerCase().replaceAll("_", "-"), rol: "member" })
