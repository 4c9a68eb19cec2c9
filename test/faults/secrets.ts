/** Generated secrets, and every way in which a failure could give one of them away. */
import { Console as NodeConsole } from "node:console"
import { Writable } from "node:stream"
import * as Util from "node:util"

import {
  Cause,
  Effect,
  Exit,
  FastCheck,
  FiberRef,
  HashSet,
  Logger,
  LogLevel,
  Option,
  Schema,
  Tracer
} from "effect"
import { ClerkError } from "effect-clerk"

import { mintedFor } from "./clerk.js"

/** Everything that a caller of the seven operations would not want to read in a log. */
export interface Secrets {
  readonly key: string
  readonly expiredToken: string
  readonly refreshToken: string
  readonly requestOrigin: string
  readonly requestOriginatingIp: string
  readonly requestHeaders: Readonly<Record<string, string | ReadonlyArray<string>>>
}

const letters = (alphabet: string, minLength: number, maxLength: number) =>
  FastCheck.string({ unit: FastCheck.constantFrom(...alphabet), minLength, maxLength })

const lower = "abcdefghijklmnopqrstuvwxyz0123456789"
const alphanumeric = `${lower}ABCDEFGHIJKLMNOPQRSTUVWXYZ`
const base64url = (minLength: number, maxLength: number) => letters(`${alphanumeric}-_`, minLength, maxLength)

/** Every printable character but the space, so that keys with quotes, backslashes and `$&` come up. */
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
  authorization: jwt.map((token) => `Bearer ${token}`),
  "user-agent": base64url(24, 40).map((text) => `Mozilla/5.0 ("${text}"\\)`),
  "x-forwarded-for": FastCheck.array(
    FastCheck.ipV4().map((ip) => `${ip}, 10.1.2.3`),
    { minLength: 1, maxLength: 3 }
  )
})

export const arbitrary: FastCheck.Arbitrary<Secrets> = FastCheck.record({
  key,
  expiredToken: jwt,
  refreshToken: FastCheck.oneof(base64url(24, 60), jwt),
  requestOrigin: letters(lower, 20, 30).map((host) => `https://${host}.example`),
  requestOriginatingIp: FastCheck.oneof(
    FastCheck.ipV4().filter((ip) => ip.length > 9),
    FastCheck.ipV6().filter((ip) => ip.length > 14)
  ),
  requestHeaders
})

/** The two ends of a text, by which it would be known even if only one half of it came out. */
const ends = (text: string): ReadonlyArray<string> =>
  text.length < 24 ? [text] : [text.slice(0, 16), text.slice(-16)]

/** What must not occur anywhere, as it is and as JSON and URLs write it. */
export const forbidden = (secrets: Secrets): ReadonlyArray<string> => {
  const minted = mintedFor(`Bearer ${secrets.key}`)
  const whole = [
    secrets.key,
    secrets.expiredToken,
    secrets.refreshToken,
    secrets.requestOrigin,
    secrets.requestOriginatingIp,
    ...Object.values(secrets.requestHeaders).flat(),
    minted.jwt,
    minted.refreshCookie
  ]
  // Everyone's tokens begin with the same header, and cookies with the same name: secret is what comes after.
  const parts = whole
    .flatMap((text) => text.split(/eyJ[\w-]*\.|; |Bearer |__\w+=/))
    .filter((text) => text.length >= 9)
  const spelled = parts
    .flatMap(ends)
    .flatMap((text) => [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text)])
  return [...new Set(spelled)]
}

/** What of the secrets can be read in a text. */
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
  // A failure that does not fit its own class would throw here, and should.
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

interface Remembered extends Tracer.Span {
  readonly events: ReadonlyArray<unknown>
  status: Tracer.SpanStatus
}

/** A tracer that remembers every span, with all that was ever put on it. */
const remembering = (spans: Array<Remembered>): Tracer.Tracer =>
  Tracer.make({
    context: (f) => f(),
    span: (name, parent, context, links, startTime, kind) => {
      const attributes = new Map<string, unknown>()
      const events: Array<unknown> = []
      const allLinks = [...links]
      const span: Remembered = {
        _tag: "Span",
        name,
        spanId: `span${spans.length}`,
        traceId: "trace",
        parent,
        context,
        links: allLinks,
        sampled: true,
        kind,
        attributes,
        events,
        status: { _tag: "Started", startTime },
        end: (endTime, exit) => {
          span.status = { _tag: "Ended", startTime, endTime, exit }
        },
        attribute: (key, value) => {
          attributes.set(key, value)
        },
        event: (name, time, more) => {
          events.push([name, time, more])
        },
        addLinks: (more) => {
          allLinks.push(...more)
        }
      }
      spans.push(span)
      return span
    }
  })

export interface Observed<A, E> {
  readonly exit: Exit.Exit<A, E>
  readonly texts: ReadonlyArray<string>
}

/** Runs an effect and hands back how it ended, with every text in which anything of it could be read afterwards. */
export const observe = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<Observed<A, E>, never, R> =>
  Effect.gen(function* () {
    const sink: Array<string> = []
    const spans: Array<Remembered> = []
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
      Effect.withTracer(remembering(spans)),
      Effect.locally(FiberRef.currentLoggers, loggers),
      Logger.withMinimumLogLevel(LogLevel.All),
      Effect.withConsole({ ...console, unsafe: new NodeConsole(stream, stream) })
    )
    const exit = yield* run
    // How a span ended is how the operation ended, which is looked at anyway.
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

/** The same without loggers and spans: what can be read in how it ended. */
export const look = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<Observed<A, E>, never, R> =>
  Effect.map(Effect.exit(self), (exit) => ({ exit, texts: waysOfExit(exit) }))
