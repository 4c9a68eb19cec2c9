import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import type * as ClerkConfig from "../../ClerkConfig.js"
import type * as Session from "../../Session.js"
import type { Fault } from "../Fault.js"
import type { Version } from "./claims.js"
import * as Engine from "./engine.js"
import * as Ids from "./ids.js"
import * as Instance from "./instance.js"
import * as Keys from "./keys.js"
import type { RecordedRequest } from "./requestLog.js"
import type { Operation } from "./routes.js"
import * as SessionModel from "./session.js"
import * as State from "./state.js"
import * as Tokens from "./tokens.js"

/**
 * The settings of a fake Clerk. Everything has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The secret key that it accepts; a test key by default, a live key for a production instance. */
  readonly secretKey?: Redacted.Redacted | string | undefined
  /** The kind of instance; the one of the secret key by default. A production instance refuses to create sessions. */
  readonly instance?: "development" | "production" | undefined
  /**
   * The issuer of its tokens, such as `https://clerk.example.test`; a reserved name by default. Its host makes the
   * publishable key.
   */
  readonly issuer?: string | undefined
  /** The ids of its users. */
  readonly users?: ReadonlyArray<string> | undefined
  /** Its sessions. The users of the sessions are added too. */
  readonly sessions?: ReadonlyArray<State.SessionSeed> | undefined
  /** Its JWT templates by name. */
  readonly templates?: Readonly<Record<string, Tokens.Template>> | undefined
  /** How long a session lives; 7 days by default. */
  readonly sessionLifetime?: Duration.DurationInput | undefined
  /** How long a session lives after its last activity; 30 days by default. */
  readonly inactivityLifetime?: Duration.DurationInput | undefined
  /** How long a session token lives; 60 seconds by default. */
  readonly tokenLifetime?: Duration.DurationInput | undefined
  /** The version of the claims of session tokens; 2 by default. */
  readonly tokenVersion?: Version | undefined
  /** The source of generated ids and tokens. The same seed gives the same ids; all tests have the same by default. */
  readonly seed?: string | undefined
  /** The RS256 key pair that signs tokens; generated once per process by default. */
  readonly keyPair?: CryptoKeyPair | undefined
  /** Settings of the client that differ from those of this fake. */
  readonly config?: Partial<ClerkConfig.Options> | undefined
}

/**
 * Controls and observes a fake Clerk.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The last 1,000 requests, the oldest first. */
  readonly requests: Effect.Effect<ReadonlyArray<RecordedRequest>>
  /** All sessions, the newest first. */
  readonly sessions: Effect.Effect<ReadonlyArray<Session.Session>>
  /** Adds a user. Generates the id where none is given. */
  readonly addUser: (id?: string) => Effect.Effect<Session.UserId>
  /** Adds a session and its user. */
  readonly addSession: (seed?: State.SessionSeed) => Effect.Effect<Session.Session>
  /** Changes the status of a session. Dies if the session does not exist. */
  readonly setStatus: (sessionId: string, status: Session.SessionStatus) => Effect.Effect<Session.Session>
  /** Returns the refresh token of a session. Dies if the session does not exist. */
  readonly refreshToken: (sessionId: string) => Effect.Effect<Redacted.Redacted>
  /** Mints a token of a session in any state, as Clerk would or hand-made. Dies if the session does not exist. */
  readonly sessionToken: (
    sessionId: string,
    options?: Tokens.TokenOptions
  ) => Effect.Effect<Redacted.Redacted>
  /** Replaces the signing key. The previous key leaves the key set, and its tokens are no longer valid. */
  readonly rotateKeys: Effect.Effect<void>
  /** The issuer of its tokens. */
  readonly issuer: string
  /** The publishable key (`pk_…`). */
  readonly publishableKey: string
  /** The public key in PEM, as `CLERK_JWT_KEY` holds it. */
  readonly jwtKey: Effect.Effect<string>
  /**
   * Injects a fault into the next matching requests: `times` of them (1 by default, below 1 none), of one operation or
   * of any.
   */
  readonly inject: (
    fault: Fault,
    options?: { readonly operation?: Operation | undefined; readonly times?: number | undefined }
  ) => Effect.Effect<void>
}

const defaultSeed = "effect-clerk"

const lifetimes = (options: Options) => ({
  sessionLifetime: Duration.toMillis(options.sessionLifetime ?? "7 days"),
  inactivityLifetime: Duration.toMillis(options.inactivityLifetime ?? "30 days")
})

/** Makes a session with defaults. */
export const exampleSession = (init: SessionModel.SessionInit): Session.Session =>
  SessionModel.make(init, { ...lifetimes({}), id: Ids.make(defaultSeed).id, now: 0 })

/** A fake Clerk. */
export interface FakeClerk {
  readonly engine: Engine.Engine
  readonly secretKey: Redacted.Redacted
  readonly service: Service
}

/** Makes the fake Clerk that the options describe. */
export const make = (options: Options): Effect.Effect<FakeClerk> =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const { instance, issuer, secretKey } = yield* identify(options)
    const seed = options.seed ?? defaultSeed
    const ids = Ids.make(seed)
    const state = State.make({ ...lifetimes(options), ids })
    const publishableKey = Instance.publishableKey(instance, issuer)
    const clerk = {
      state,
      tokens: Tokens.make({
        ids,
        issuer,
        lifetime: Duration.toSeconds(options.tokenLifetime ?? "60 seconds"),
        version: options.tokenVersion ?? 2,
        keys: Keys.make([issuer, Redacted.value(secretKey), seed].join(" "), options.keyPair)
      }),
      templates: new Map(Object.entries(options.templates ?? {})),
      instance,
      publishableKey,
      newTestingToken: () => ids.opaque("testing_token", 40)
    }
    options.users?.forEach((id) => state.addUser(id, now))
    options.sessions?.forEach((session) => state.addSession(session, now))
    const engine = Engine.make({ clerk, secretKey, traceId: ids.trace })
    return { engine, secretKey, service: makeService(engine, issuer) }
  })

const identify = (options: Options) =>
  Effect.gen(function* () {
    const given = Redacted.isRedacted(options.secretKey)
      ? Redacted.value(options.secretKey)
      : options.secretKey
    const key = (given ?? Instance.defaultKey(options.instance)).trim()
    const instance = options.instance ?? Instance.ofKey(key)
    const issuer = yield* Effect.orDieWith(
      Instance.parseIssuer(options.issuer ?? Instance.defaultIssuer(instance)),
      (reason) => new Error(`ClerkTest: issuer ${reason}`)
    )
    return { instance, issuer, secretKey: Redacted.make(key) }
  })

const makeService = ({ clerk, faults, requests }: Engine.Engine, issuer: string): Service => {
  const { publishableKey, state, tokens } = clerk
  const existing = <A>(sessionId: string, value: A | undefined) =>
    value === undefined
      ? Effect.dieMessage(`ClerkTest: there is no session ${sessionId}`)
      : Effect.succeed(value)
  const entry = (sessionId: string) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => existing(sessionId, state.entry(sessionId, now)))
  return {
    requests: Effect.sync(requests.all),
    sessions: Effect.map(Clock.currentTimeMillis, (now) => state.sessions({}, now)),
    addUser: (id) => Effect.map(Clock.currentTimeMillis, (now) => state.addUser(id, now)),
    addSession: (seed = {}) => Effect.map(Clock.currentTimeMillis, (now) => state.addSession(seed, now)),
    setStatus: (sessionId, status) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        existing(sessionId, state.setStatus(sessionId, status, now))
      ),
    refreshToken: (sessionId) =>
      Effect.map(entry(sessionId), ({ refreshToken }) => Redacted.make(refreshToken)),
    sessionToken: (sessionId, options = {}) =>
      Effect.gen(function* () {
        const { access, session } = yield* entry(sessionId)
        const now = yield* Clock.currentTimeMillis
        return Redacted.make(yield* tokens.session(session, access, { ...options, now }))
      }),
    rotateKeys: tokens.rotateKeys,
    issuer,
    publishableKey,
    jwtKey: tokens.jwtKey,
    inject: (fault, { operation, times = 1 } = {}) => Effect.sync(() => faults.add(fault, operation, times))
  }
}
