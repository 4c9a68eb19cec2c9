/** The arguments of the operations: their types, their rules, and their names on the wire. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"

import * as ParseIssue from "../response/parseIssue.js"
import { readSecret } from "../settings.js"
import { isText, looksSecret } from "./text.js"

const Text = Schema.String.pipe(
  Schema.filter(isText, { description: "a string, not empty, of well-formed Unicode" })
)

const Id = Schema.String.pipe(
  Schema.filter((text) => isText(text) && !looksSecret(text), {
    description: "an id, not empty, and no token or secret key"
  })
)

const isReadable = (u: unknown): u is Redacted.Redacted | string =>
  isText(u) || (Redacted.isRedacted(u) && Option.exists(readSecret(u), isText))

const Secret = Schema.transform(
  Schema.String,
  Schema.declare(isReadable, { description: "a string or a Redacted string, not empty and not wiped" }),
  {
    strict: true,
    decode: Redacted.make,
    encode: (secret) => (typeof secret === "string" ? secret : Redacted.value(secret))
  }
)

const Headers = Schema.transform(
  Schema.Record({ key: Schema.String, value: Schema.Array(Schema.String) }),
  Schema.Record({ key: Schema.String, value: Schema.Union(Schema.String, Schema.Array(Schema.String)) }),
  {
    strict: true,
    decode: (headers) => headers,
    encode: (headers) =>
      Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? [value] : value])
      )
  }
)

const isLifetime = (input: unknown): input is Duration.DurationInput =>
  Option.exists(Duration.decodeUnknown(input), (duration) => {
    const seconds = Duration.toSeconds(duration)
    return Number.isInteger(seconds) && seconds >= 30 && seconds <= 315_360_000
  })

/** Says what was given: a plain number is milliseconds, and easily mistaken for seconds. */
const describe = (input: unknown): string => {
  if (typeof input === "number" && input >= 30) {
    return `got ${input} milliseconds; write "${input} seconds"`
  }
  return Option.match(Duration.decodeUnknown(input), {
    onNone: () => 'write it as "30 seconds"',
    onSome: (duration) => `got ${Duration.format(duration)}`
  })
}

const decodeLifetime = () => (input: unknown, _: AST.ParseOptions, ast: AST.Declaration) =>
  isLifetime(input)
    ? ParseResult.succeed(input)
    : ParseResult.fail(
        ParseIssue.issue(ast, `expected a duration of 30 to 315360000 whole seconds, ${describe(input)}`)
      )

const ExpiresIn = Schema.transform(
  Schema.Int,
  Schema.declare([], { decode: decodeLifetime, encode: decodeLifetime }),
  {
    strict: true,
    decode: (seconds) => Duration.seconds(seconds),
    encode: (input) => Duration.toSeconds(input)
  }
)

/**
 * The filters of the operations that list sessions: a client, a user, or both.
 *
 * @since 0.1.0
 * @category models
 */
export type Filters = {
  /** Only sessions with this status. Clerk documents the named ones; any other is sent as it is. */
  readonly status?:
    | "abandoned"
    | "active"
    | "ended"
    | "expired"
    | "removed"
    | "replaced"
    | "revoked"
    | (string & {})
    | undefined
} & Owner

/**
 * A client, a user, or both.
 *
 * @since 0.1.0
 * @category models
 */
export type Owner =
  | {
      /** Only sessions of this client. */
      readonly clientId: string
      /** Only sessions of this user. */
      readonly userId?: string | undefined
    }
  | {
      /** Only sessions of this client. */
      readonly clientId?: string | undefined
      /** Only sessions of this user. */
      readonly userId: string
    }

const filters = {
  clientId: Schema.optional(Id).pipe(Schema.fromKey("client_id")),
  userId: Schema.optional(Id).pipe(Schema.fromKey("user_id")),
  status: Schema.optional(Text)
}

const Offset = Schema.Int.pipe(Schema.nonNegative({ description: "a whole number from 0" }))

const PageSize = Schema.Int.pipe(Schema.between(1, 500, { description: "a whole number from 1 to 500" }))

/**
 * Whether a client or a user is given. Without this check, a variable that is `undefined` by mistake would list the
 * sessions of all users.
 */
export const hasOwner = ({ clientId, userId }: Partial<Owner>): boolean =>
  clientId !== undefined || userId !== undefined

export const ownerMissing = "userId or clientId: expected one of them, not undefined"

/**
 * The parameters of `list` and `listPage`.
 *
 * @since 0.1.0
 * @category models
 */
export type ListParams = Filters & {
  /** The number of sessions a page, 1 to 500; 10 by default. */
  readonly limit?: number | undefined
  /** The number of sessions to skip; 0 by default. */
  readonly offset?: number | undefined
}

export const List = Schema.Struct({
  ...filters,
  limit: Schema.optional(PageSize),
  offset: Schema.optional(Offset)
})

/**
 * The parameters of `stream`.
 *
 * @since 0.1.0
 * @category models
 */
export type StreamParams = Filters & {
  /** The number of sessions a page, 1 to 500; 100 by default. */
  readonly pageSize?: number | undefined
}

export const Stream = Schema.Struct({
  ...filters,
  pageSize: Schema.optional(PageSize).pipe(Schema.fromKey("limit"))
})

/**
 * The parameters of `create`.
 *
 * @since 0.1.0
 * @category models
 */
export interface CreateParams {
  /** The user to sign in. */
  readonly userId: string
  /** The organization that is active in the session. */
  readonly activeOrganizationId?: string | undefined
}

export const Create = Schema.Struct({
  userId: Schema.propertySignature(Id).pipe(Schema.fromKey("user_id")),
  activeOrganizationId: Schema.optional(Id).pipe(Schema.fromKey("active_organization_id"))
})

/**
 * The parameters of `refresh`.
 *
 * @since 0.1.0
 * @category models
 */
export interface RefreshParams {
  /** The session token of the `__session` cookie, which must belong to this session. */
  readonly expiredToken: Redacted.Redacted | string
  /** The value of the `__refresh` cookie, which the handshake flow sets. */
  readonly refreshToken: Redacted.Redacted | string
  /** The origin of the request that carried the tokens, such as `https://example.com`. */
  readonly requestOrigin: string
  /** The headers of that request. */
  readonly requestHeaders?: { readonly [name: string]: string | ReadonlyArray<string> } | undefined
  /** The IP address that request came from. */
  readonly requestOriginatingIp?: string | undefined
  /** The form of the result: a token, or `Set-Cookie` directives; a token by default. */
  readonly format?: "token" | "cookie" | undefined
  /** Whether the names of the cookies end in the suffix of the instance. */
  readonly suffixedCookies?: boolean | undefined
}

export const RefreshQuery = Schema.Struct({
  suffixedCookies: Schema.optional(Schema.Boolean).pipe(Schema.fromKey("suffixed_cookies"))
})

export const Refresh = Schema.Struct({
  expiredToken: Schema.propertySignature(Secret).pipe(Schema.fromKey("expired_token")),
  refreshToken: Schema.propertySignature(Secret).pipe(Schema.fromKey("refresh_token")),
  requestOrigin: Schema.propertySignature(Text).pipe(Schema.fromKey("request_origin")),
  requestHeaders: Schema.optional(Headers).pipe(Schema.fromKey("request_headers")),
  requestOriginatingIp: Schema.optional(Text).pipe(Schema.fromKey("request_originating_ip")),
  format: Schema.optional(Schema.Literal("token", "cookie"))
})

/** The parts of a refresh that are secret: the tokens, and the headers that carry credentials. */
export const refreshSecrets = (body: typeof Refresh.Encoded): ReadonlyArray<string> => [
  body.expired_token,
  body.refresh_token,
  ...Object.entries(body.request_headers ?? {})
    .filter(([name]) => /^(?:cookie|authorization)$/i.test(name))
    .flatMap(([, values]) => values.flatMap((value) => [value, ...credentials(value)]))
]

/** The values within a header that are too long to be anything but a secret; a server may send back one alone. */
const credentials = (header: string): ReadonlyArray<string> =>
  header.split(/[\s;,]+|__\w+=/).filter((part) => part.length >= 16)

/**
 * The parameters of `createToken` and `createTokenFromTemplate`.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenParams {
  /**
   * The lifetime of the token, in whole seconds from 30 seconds to 315,360,000 (ten years); the instance's or the
   * template's own by default. A plain number is milliseconds: write `"60 seconds"`.
   */
  readonly expiresIn?: Duration.DurationInput | undefined
}

export const Token = Schema.Struct({
  expiresIn: Schema.optional(ExpiresIn).pipe(Schema.fromKey("expires_in_seconds"))
})
