/** Schemas of the claims as a payload spells them, and arbitraries that survive that spelling. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

import { Actor, SessionId, UserId } from "../../Session.js"
import * as NormalForm from "./normalForm.js"

/** Whole seconds, because tokens hold no fractions of them. */
export const Time = Schema.transform(
  Schema.DateTimeUtc,
  Schema.DateTimeUtcFromSelf.annotations({
    arbitrary: () => (fc) =>
      fc.integer({ min: -8.64e12, max: 8.64e12 }).map((seconds) => DateTime.unsafeMake(seconds * 1000))
  }),
  { strict: true, decode: (time) => time, encode: (time) => time }
)

/** Whole minutes. */
export const Age = Schema.transform(
  Schema.DurationFromMillis,
  Schema.DurationFromSelf.annotations({
    arbitrary: () => (fc) => fc.nat({ max: 100_000 }).map((minutes) => Duration.minutes(minutes))
  }),
  { strict: true, decode: (age) => age, encode: (age) => age }
)

/** Without the commas and colons that separate names in a token. */
const name = "[a-z][a-z0-9_]{0,11}"

const matching = (pattern: string) =>
  Schema.NonEmptyString.annotations({
    arbitrary: () => (fc) => fc.stringMatching(new RegExp(`^${pattern}$`))
  })

export const ScopedName = matching(`(org|user):${name}`)

export const Role = matching(`org:${name}`)

export const Permission = Schema.String.annotations({
  arbitrary: () => (fc) => fc.stringMatching(new RegExp(`^org:${name}:${name}$`))
})

const isPayload = (input: unknown): input is NormalForm.Payload => Predicate.isRecord(input)

export const Payload = Schema.declare(isPayload, { identifier: "a JSON object" })

export const CustomClaims = Schema.declare(isPayload, {
  identifier: "CustomClaims",
  arbitrary: () => (fc) =>
    fc.dictionary(
      fc.string().map((name) => `my_${name}`),
      fc.jsonValue()
    ),
  equivalence: () => (self, that) => self === that || JSON.stringify(self) === JSON.stringify(that)
})

/** Seconds since the epoch, as JSON Web Tokens hold times. */
const NumericDate = (toMillis: (seconds: number) => number) =>
  Schema.transform(
    Schema.Number.pipe(
      Schema.filter((seconds) => Math.abs(seconds) <= 8.64e12, { identifier: "seconds since the epoch" })
    ),
    Schema.DateTimeUtcFromSelf,
    {
      strict: true,
      decode: (seconds) => DateTime.unsafeMake(toMillis(seconds)),
      encode: (time) => time.epochMillis / 1000
    }
  )

const optional = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.optionalWith(schema, { as: "Option", nullable: true })

const Checked = Schema.Struct({
  userId: Schema.propertySignature(UserId).pipe(Schema.fromKey("sub")),
  sessionId: Schema.propertySignature(SessionId).pipe(Schema.fromKey("sid")),
  issuer: optional(Schema.String).pipe(Schema.fromKey("iss")),
  issuedAt: Schema.optionalWith(NumericDate(NormalForm.startMillis), { as: "Option" }).pipe(
    Schema.fromKey("iat")
  ),
  expiresAt: Schema.propertySignature(NumericDate(NormalForm.endMillis)).pipe(Schema.fromKey("exp")),
  notBefore: Schema.optionalWith(NumericDate(NormalForm.startMillis), { as: "Option" }).pipe(
    Schema.fromKey("nbf")
  ),
  authorizedParty: optional(Schema.String).pipe(Schema.fromKey("azp")),
  tokenId: optional(Schema.String).pipe(Schema.fromKey("jti")),
  status: Schema.optionalWith(Schema.Literal("active", "pending"), {
    default: () => "active" as const,
    nullable: true
  }).pipe(Schema.fromKey("sts")),
  actor: optional(Actor).pipe(Schema.fromKey("act"))
})

export const decodeChecked = ParseResult.decodeUnknown(Checked)
