/** Generated secrets, and a search for them in everything that can be read after a call. */
import { Console as NodeConsole } from "node:console"
import { Writable } from "node:stream"
import * as Util from "node:util"

import {
  Cause,
  Effect,
  Exit,
  FastCheck,
  FiberRef,
  Hash,
  HashSet,
  Logger,
  LogLevel,
  Option,
  Schema
} from "effect"
import { ClerkError } from "effect-clerk"

import type { RefreshSecrets } from "./operations.js"
import * as Spans from "./spans.js"
import { secretsOf } from "./wire.js"

/** The secret key, and the secret parameters of `refresh`. */
export interface Secrets extends RefreshSecrets {
  readonly key: string
}

const letters = (alphabet: string, minLength: number, maxLength: number) =>
  FastCheck.string({ unit: FastCheck.constantFrom(...alphabet), minLength, maxLength })

const alphanumeric = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
const base64url = (minLength: number, maxLength: number) => letters(`${alphanumeric}-_`, minLength, maxLength)

/** Every printable character but the space: a key may hold quotes, backslashes and `$&`. */
const printable = Array.from({ length: 94 }, (_, at) => String.fromCodePoint(0x21 + at)).join("")

const key = FastCheck.oneof(
  {
    weight: 3,
    arbitrary: FastCheck.tuple(
      FastCheck.constantFrom("sk_test_", "sk_live_"),
      letters(alphanumeric, 24, 50)
    ).map(([kind, rest]) => kind + rest)
  },
  { weight: 1, arbitrary: letters(printable, 24, 60).filter((text) => !/^(pk_|eyJ)/.test(text)) }
)

const jwt = FastCheck.tuple(base64url(10, 30), base64url(40, 300), base64url(43, 86)).map(
  ([header, payload, signature]) => `eyJ${header}.${payload}.${signature}`
)

const requestHeaders = FastCheck.record({
  cookie: FastCheck.tuple(jwt, base64url(24, 48)).map(
    ([session, refresh]) => `__session=${session}; __refresh_x7Fg=${refresh}`
  ),
  authorization: jwt.map((token) => `Bearer ${token}`)
})

export const arbitrary: FastCheck.Arbitrary<Secrets> = FastCheck.record({
  key,
  expiredToken: jwt,
  refreshToken: FastCheck.oneof(base64url(24, 60), jwt),
  requestHeaders
})

const samples = FastCheck.sample(arbitrary, { numRuns: 64, seed: 4 })

/** Returns secrets that look random and are the same in every run of a test. */
export const sample = (test: string): Secrets => {
  const secrets = samples[Math.abs(Hash.string(test)) % samples.length]
  if (secrets === undefined) throw new Error("no samples")
  return secrets
}

/** The beginning and the end of a text, to find one half of a secret. */
const ends = (text: string): ReadonlyArray<string> =>
  text.length < 24 ? [text] : [text.slice(0, 16), text.slice(-16)]

/** The texts that must not occur, plain and as JSON and URLs spell them. */
const forbidden = (secrets: Secrets): ReadonlyArray<string> => {
  const response = secretsOf(`Bearer ${secrets.key}`)
  const whole = [
    secrets.key,
    secrets.expiredToken,
    secrets.refreshToken,
    ...Object.values(secrets.requestHeaders).flat(),
    response.jwt,
    response.refreshCookie
  ]
  // The header of a token and the name of a cookie are not secret.
  const parts = whole
    .flatMap((text) => text.split(/eyJ[\w-]*\.|; |Bearer |__\w+=/))
    .filter((text) => text.length >= 9)
  const spelled = parts
    .flatMap(ends)
    .flatMap((text) => [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text)])
  return [...new Set(spelled)]
}

/** Returns the secrets that occur in a text. */
export const found = (text: string, secrets: Secrets): ReadonlyArray<string> =>
  forbidden(secrets).filter((secret) => text.includes(secret))

const ways = (value: unknown): ReadonlyArray<string> => [
  String(value),
  JSON.stringify(value) ?? "",
  Util.inspect(value),
  Util.inspect(value, {
    depth: Infinity,
    showHidden: true,
    getters: true,
    maxArrayLength: null,
    maxStringLength: null
  })
]

const waysOfCause = (cause: Cause.Cause<unknown>): ReadonlyArray<string> => [
  ...ways(cause),
  Cause.pretty(cause),
  Cause.pretty(cause, { renderErrorCause: true }),
  ...Cause.prettyErrors(cause).flatMap((error) => [
    error.message,
    error.stack ?? "",
    Util.inspect(error, { depth: Infinity })
  ])
]

const encode = Schema.encodeUnknownSync(ClerkError.ClerkError)

const waysOfError = (error: unknown): ReadonlyArray<string> => [
  ...ways(error),
  ...(error instanceof Error ? [error.message, error.stack ?? "", ...ways(error.cause)] : []),
  // Throws for an error that does not fit its schema.
  JSON.stringify(encode(error))
]

const waysOfExit = (exit: Exit.Exit<unknown, unknown>): ReadonlyArray<string> =>
  Exit.match(exit, {
    onSuccess: ways,
    onFailure: (cause) => [
      ...waysOfCause(cause),
      ...Option.match(Cause.failureOption(cause), { onNone: () => [], onSome: waysOfError })
    ]
  })

export interface Observed<A, E> {
  readonly exit: Exit.Exit<A, E>
  readonly texts: ReadonlyArray<string>
}

/** Runs an effect, and returns its exit with every text that can be read of it: logs, spans, the exit itself. */
export const observe = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<Observed<A, E>, never, R> =>
  Effect.gen(function* () {
    const sink: Array<string> = []
    const { spans, tracer } = Spans.recorder()
    const keep = <Output>(logger: Logger.Logger<unknown, Output>) =>
      Logger.map(logger, (output) => {
        sink.push(typeof output === "string" ? output : Util.inspect(output, { depth: Infinity }))
      })
    const loggers = HashSet.make<ReadonlyArray<Logger.Logger<unknown, void>>>(
      keep(Logger.jsonLogger),
      keep(Logger.logfmtLogger),
      keep(Logger.stringLogger),
      keep(Logger.structuredLogger),
      Logger.prettyLogger({ mode: "tty", colors: false })
    )
    const stream = new Writable({
      write: (chunk, _encoding, done) => {
        sink.push(String(chunk))
        done()
      }
    })
    const console = yield* Effect.consoleWith(Effect.succeed)
    const run = self.pipe(
      Effect.withSpan("caller"),
      Effect.exit,
      Effect.tap((exit) =>
        Exit.isSuccess(exit)
          ? Effect.logInfo("came back", exit.value)
          : Effect.logError("failed", exit.cause).pipe(
              Effect.zipRight(Effect.logWarning(Cause.squash(exit.cause))),
              Effect.annotateLogs({ failure: Cause.squash(exit.cause) })
            )
      ),
      Effect.withTracer(tracer),
      Effect.locally(FiberRef.currentLoggers, loggers),
      Logger.withMinimumLogLevel(LogLevel.All),
      Effect.withConsole({ ...console, unsafe: new NodeConsole(stream, stream) })
    )
    const exit = yield* run
    // The status of a span holds the exit, which is searched anyway.
    const traced = spans.map(({ attributes, events, links, name }) => ({
      name,
      events,
      links,
      attributes: [...attributes]
    }))
    return {
      exit,
      texts: [
        ...sink,
        Util.inspect(traced, { depth: 12, maxStringLength: null, maxArrayLength: null }),
        ...waysOfExit(exit)
      ]
    }
  })

/** The same for the exit alone, without logs and spans. */
export const observeExit = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<Observed<A, E>, never, R> =>
  Effect.map(Effect.exit(self), (exit) => ({ exit, texts: waysOfExit(exit) }))
