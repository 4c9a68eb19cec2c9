/** The seed file of the emulator: the options of `ClerkTest` as JSON. */
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

import * as Fault from "../../Fault.js"
import { permissionPattern } from "../../internal/access.js"
import { entries } from "../../internal/entries.js"
import { parseIssuer } from "../../internal/instance.js"
import { operations } from "../../internal/routes.js"

/** The file is not what the emulator expects; `detail` names the place. */
export class SeedError extends Data.TaggedError("SeedError")<{ readonly detail: string }> {}

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { nullable: true })

/** A value that a function accepts; `expected` says what it accepts. */
const parsed = <A>(
  expected: string,
  parse: (value: unknown) => Option.Option<A>
): Schema.Schema<A, unknown> =>
  Schema.transformOrFail(
    Schema.Unknown,
    // The function has decided what the value is.
    Schema.declare((value): value is A => value !== undefined),
    {
      strict: true,
      decode: (value, _, ast) =>
        Option.match(parse(value), {
          onNone: () => ParseResult.fail(new ParseResult.Type(ast, value, `expected ${expected}`)),
          onSome: ParseResult.succeed
        }),
      // Nothing is encoded.
      encode: ParseResult.succeed
    }
  )

const text = (expected: string, accepts: (text: string) => boolean) =>
  parsed(expected, (value) =>
    typeof value === "string" && accepts(value) ? Option.some(value) : Option.none()
  )

const oneOf = <const A extends string | number>(...values: ReadonlyArray<A>) =>
  parsed(`one of ${values.map((value) => JSON.stringify(value)).join(", ")}`, (value) =>
    Option.fromNullable(values.find((one) => one === value))
  )

const list = <A, I>(schema: Schema.Schema<A, I>) => Schema.Array(schema).annotations({ title: "a list" })

const struct = <Fields extends Schema.Struct.Fields>(fields: Fields) =>
  Schema.Struct(fields).annotations({ title: "an object" })

const Id = text("a string that is not empty", (id) => id.trim() !== "")
const Text = text("a string", () => true)

const Lifetime = parsed('a duration, such as "1 hour" or milliseconds', (value) =>
  Option.filter(Duration.decodeUnknown(value), () => typeof value === "string" || typeof value === "number")
)

const Time = parsed('a time: "2026-01-31T12:00:00Z" or milliseconds since the epoch', (value) =>
  typeof value === "string" || typeof value === "number"
    ? Option.map(DateTime.make(value), DateTime.toUtc)
    : Option.none()
)

const Claims = Schema.Record({ key: Schema.String, value: Schema.Unknown }).annotations({
  title: "an object"
})

const Organization = struct({
  id: optional(Id),
  slug: optional(Text),
  role: optional(Text),
  permissions: optional(
    list(text('a permission, such as "org:invoices:read"', (text) => permissionPattern.test(text)))
  )
})

const Activity = struct({
  id: optional(Id),
  deviceType: optional(Text),
  isMobile: optional(Schema.Boolean),
  browserName: optional(Text),
  browserVersion: optional(Text),
  ipAddress: optional(Text),
  city: optional(Text),
  country: optional(Text)
})

/** A session of the file. */
export const Session = struct({
  id: optional(Id),
  userId: optional(Id),
  clientId: optional(Id),
  status: optional(Id),
  actor: optional(Claims),
  lastActiveOrganizationId: optional(Id),
  latestActivity: optional(Activity),
  lastActiveAt: optional(Time),
  expireAt: optional(Time),
  abandonAt: optional(Time),
  updatedAt: optional(Time),
  createdAt: optional(Time),
  idleFor: optional(Lifetime),
  tasks: optional(list(struct({ key: Id }))),
  organization: optional(Organization),
  features: optional(list(Id)),
  plans: optional(list(Id)),
  claims: optional(Claims)
})

const ErrorEntry = struct({
  code: Id,
  message: optional(Text),
  longMessage: optional(Text),
  meta: optional(Claims)
})

const missing = (key: string) => ({ path: [key], message: "is missing" })

/** A fault of the file, and the requests that it is injected into. */
export const Injection = struct({
  fault: oneOf("rateLimited", "status", "reset", "responseLost", "hang", "delay", "truncated"),
  operation: optional(oneOf(...operations)),
  times: optional(Schema.Int.pipe(Schema.positive())),
  /** Of `rateLimited`. */
  retryAfter: optional(Lifetime),
  /** Of `status`. */
  status: optional(Schema.Int.pipe(Schema.between(200, 599))),
  /** Of `status`. */
  errors: optional(list(ErrorEntry)),
  /** Of `delay`. */
  duration: optional(Lifetime)
}).pipe(
  Schema.filter(({ duration, fault, status }) => {
    if (fault === "status" && status === undefined) return missing("status")
    return fault === "delay" && duration === undefined ? missing("duration") : undefined
  })
)

/** The fault of an injection. */
export const toFault = ({
  duration = Duration.zero,
  errors = [],
  fault,
  retryAfter,
  status = 500
}: typeof Injection.Type): Fault.Fault => {
  switch (fault) {
    case "rateLimited":
      return Fault.rateLimited(retryAfter)
    case "status":
      return Fault.status(status, entries(...errors))
    case "reset":
      return Fault.reset
    case "responseLost":
      return Fault.responseLost
    case "hang":
      return Fault.hang
    case "delay":
      return Fault.delay(duration)
    case "truncated":
      return Fault.truncated
  }
}

/** The content of the file. */
export interface Seed extends Schema.Schema.Type<typeof Seed> {}

/** The content of the file. */
export const Seed = struct({
  users: optional(list(Id)),
  sessions: optional(list(Session)),
  templates: optional(
    Schema.Record({
      key: Schema.String,
      value: struct({ claims: optional(Claims), lifetime: optional(Lifetime) })
    }).annotations({ title: "an object" })
  ),
  faults: optional(list(Injection)),
  instance: optional(oneOf("development", "production")),
  secretKey: optional(text("a secret key without white space", (key) => /^[\x21-\x7e]+$/.test(key))),
  issuer: optional(
    text("a URL, such as https://clerk.example.test", (url) => parseIssuer(url)._tag === "Right")
  ),
  sessionLifetime: optional(Lifetime),
  inactivityLifetime: optional(Lifetime),
  tokenLifetime: optional(Lifetime),
  tokenVersion: optional(oneOf(1, 2)),
  seed: optional(Text)
})

/** What the emulator starts with where no file is given. */
export const byDefault: Seed = {
  users: ["user_1", "user_2"],
  sessions: [{ id: "sess_1", userId: "user_1" }],
  templates: { example: { claims: { role: "editor" } } }
}

/** Parses the text of a file. */
export const parse = (text: string): Effect.Effect<Seed, SeedError> =>
  Effect.flatMap(
    Effect.try({
      try: (): unknown => JSON.parse(text),
      catch: (error) =>
        new SeedError({ detail: `it is not JSON: ${String(error instanceof Error ? error.message : error)}` })
    }),
    decode(Seed)
  )

/** Decodes a value, and fails with the first place that is wrong. Unknown keys are wrong. */
export const decode =
  <A, I>(schema: Schema.Schema<A, I>) =>
  (value: unknown): Effect.Effect<A, SeedError> =>
    Effect.mapError(Schema.decodeUnknown(schema)(value, { onExcessProperty: "error" }), (error) => {
      const issues = ParseResult.ArrayFormatter.formatErrorSync(error)
      // An optional value that is wrong is neither of the values that stand for none, either.
      const issue = issues.find(({ message }) => !/^Expected (null|undefined),/.test(message))
      return new SeedError({
        detail: issue === undefined ? "it is wrong" : place(issue.path) + words(issue.message)
      })
    })

/** The schema names an object by how it is decoded. */
const words = (message: string): string =>
  message
    .replace("Struct (Encoded side)", "an object")
    .replace(/^Expected/, "expected")
    .replaceAll(/\s+/g, " ")

const place = (path: ReadonlyArray<PropertyKey>): string =>
  path.length === 0
    ? ""
    : `${path
        .map((key) => (/^[A-Za-z_]\w*$/.test(String(key)) ? `.${String(key)}` : `[${JSON.stringify(key)}]`))
        .join("")
        .replace(/^\./, "")}: `
