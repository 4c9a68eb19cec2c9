import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import type * as ClerkConfig from "../../ClerkConfig.js"
import type * as Session from "../../Session.js"
import type { Fault } from "../Fault.js"
import * as Engine from "./engine.js"
import * as Ids from "./ids.js"
import type { Operation } from "./routes.js"
import { complete, type SessionInit } from "./session.js"
import type { Template } from "./tokens.js"

/**
 * What the Clerk of a test is like; everything has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The one key it accepts; a test key by default, a live one for a production instance. */
  readonly secretKey?: Redacted.Redacted | string | undefined
  /** A production instance refuses to create sessions; `"development"` by default. */
  readonly instance?: "development" | "production" | undefined
  /** The ids of users it knows from the start. */
  readonly users?: ReadonlyArray<string> | undefined
  /** Sessions it has from the start; their users are known with them. */
  readonly sessions?: ReadonlyArray<SessionInit> | undefined
  /** JWT templates by name. */
  readonly templates?: Readonly<Record<string, Template>> | undefined
  /** From the creation of a session to its end; 7 days by default. */
  readonly sessionLifetime?: Duration.DurationInput | undefined
  /** From the last activity of a session until it counts as abandoned; 30 days by default. */
  readonly inactivityLifetime?: Duration.DurationInput | undefined
  /** The lifetime of session tokens; 60 seconds by default. */
  readonly tokenLifetime?: Duration.DurationInput | undefined
  /** What ids and tokens that are made up are derived from; the same in every test by default. */
  readonly seed?: string | undefined
  /** An RS256 key pair to sign with; by default one is made when the first token is, and kept for the process. */
  readonly keyPair?: CryptoKeyPair | undefined
  /** Settings of the client, where they are to differ from what fits this Clerk. */
  readonly config?: Partial<ClerkConfig.Options> | undefined
}

/**
 * The hand that steers the Clerk of a test, and the eye that watches it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Every request it has seen so far, the oldest first. */
  readonly requests: Effect.Effect<ReadonlyArray<Engine.RecordedRequest>>
  /** Every session it has, the newest first. */
  readonly sessions: Effect.Effect<ReadonlyArray<Session.Session>>
  /** Makes a user known to it; without an id, one is made up. */
  readonly addUser: (id?: string) => Effect.Effect<Session.UserId>
  /** Adds a session, and its user with it. */
  readonly addSession: (init?: SessionInit) => Effect.Effect<Session.Session>
  /** Changes the status of a session as if something outside had; dies where there is no such session. */
  readonly setStatus: (sessionId: string, status: Session.SessionStatus) => Effect.Effect<Session.Session>
  /** The refresh token that the session accepts; dies where there is no such session. */
  readonly refreshToken: (sessionId: string) => Effect.Effect<Redacted.Redacted>
  /** Lets this befall the next requests, `times` of them (1 by default), of one operation or of any. */
  readonly fail: (
    fault: Fault,
    options?: { readonly operation?: Operation | undefined; readonly times?: number | undefined }
  ) => Effect.Effect<void>
}

const defaultSeed = "effect-clerk"

/** The secret key of an instance that was given none. */
export const defaultKey = (instance: Options["instance"] = "development") =>
  `sk_${instance === "production" ? "live" : "test"}_0123456789abcdefghijklmnop`

const lifetimes = (options: Options) => ({
  sessionLifetime: Duration.toMillis(options.sessionLifetime ?? "7 days"),
  inactivityLifetime: Duration.toMillis(options.inactivityLifetime ?? "30 days")
})

/** A session with nothing but defaults about it, and with what is given. */
export const example = (init: SessionInit): Session.Session =>
  complete(init, { ...lifetimes({}), id: Ids.make(defaultSeed).id, now: 0 })

/** Makes the Clerk that the options describe. */
export const make = (options: Options) =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    const key = options.secretKey ?? defaultKey(options.instance)
    const secretKey = Redacted.make((Redacted.isRedacted(key) ? Redacted.value(key) : key).trim())
    const engine = Engine.make({
      ...lifetimes(options),
      secretKey,
      production: options.instance === "production",
      templates: options.templates ?? {},
      tokenLifetime: Duration.toSeconds(options.tokenLifetime ?? "60 seconds"),
      ids: Ids.make(options.seed ?? defaultSeed),
      keyPair: options.keyPair
    })
    options.users?.forEach((id) => engine.state.addUser(id))
    options.sessions?.forEach((init) => engine.state.addSession(init, now))
    return { engine, secretKey, service: service(engine) }
  })

const service = ({ faults, requests, state }: Engine.Engine): Service => {
  const known = <A>(sessionId: string, value: A | undefined) =>
    value === undefined
      ? Effect.dieMessage(`ClerkTest: there is no session ${sessionId}`)
      : Effect.succeed(value)
  return {
    requests: Effect.sync(() => requests.slice()),
    sessions: Effect.map(Clock.currentTimeMillis, state.sessions),
    addUser: (id) => Effect.sync(() => state.addUser(id)),
    addSession: (init = {}) => Effect.map(Clock.currentTimeMillis, (now) => state.addSession(init, now)),
    setStatus: (sessionId, status) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        known(sessionId, state.setStatus(sessionId, status, now))
      ),
    refreshToken: (sessionId) =>
      Effect.suspend(() => Effect.map(known(sessionId, state.refreshToken(sessionId)), Redacted.make)),
    fail: (fault, { operation, times = 1 } = {}) => Effect.sync(() => faults.add(fault, operation, times))
  }
}
