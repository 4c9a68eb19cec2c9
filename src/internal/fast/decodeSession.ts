/**
 * Hand-written decoders for the documented responses. They return `undefined` for anything else: the schema then decodes
 * or fails.
 *
 * The plain way is `Schema.decodeUnknownEither(Session.Session)` and its like. These decoders save 40 µs a session, and
 * 21 ms for a list of 500. `test/decodeSession.test.ts` runs generated responses through both.
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

import type * as Session from "../../Session.js"

/** Returns the value, or `undefined` where the schema has to decide. */
export type FastDecoder<A> = (json: unknown) => A | undefined

export const session: FastDecoder<Session.Session> = (json) => {
  if (!isRecord(json)) {
    return undefined
  }
  const { abandon_at, client_id, created_at, expire_at, id, last_active_at, status, updated_at, user_id } =
    json
  const actor = optional(json["actor"], isRecord)
  const lastActiveOrganizationId = optional(json["last_active_organization_id"], isId<Session.OrganizationId>)
  const latestActivity = activity(json["latest_activity"])
  const tasks = json["tasks"] == null ? [] : array(json["tasks"], task)
  return json["object"] === "session" &&
    isId<Session.SessionId>(id) &&
    isId<Session.UserId>(user_id) &&
    isId<Session.ClientId>(client_id) &&
    typeof status === "string" &&
    isTimestamp(last_active_at) &&
    isTimestamp(expire_at) &&
    isTimestamp(abandon_at) &&
    isTimestamp(updated_at) &&
    isTimestamp(created_at) &&
    actor !== undefined &&
    lastActiveOrganizationId !== undefined &&
    latestActivity !== undefined &&
    tasks !== undefined
    ? {
        id,
        userId: user_id,
        clientId: client_id,
        actor,
        status,
        lastActiveOrganizationId,
        lastActiveAt: utc(last_active_at),
        latestActivity,
        expireAt: utc(expire_at),
        abandonAt: utc(abandon_at),
        updatedAt: utc(updated_at),
        createdAt: utc(created_at),
        tasks
      }
    : undefined
}

const activity: FastDecoder<Option.Option<Session.SessionActivity>> = (json) => {
  if (json == null) {
    return Option.none()
  }
  if (!isRecord(json)) {
    return undefined
  }
  const { id, is_mobile } = json
  const deviceType = optional(json["device_type"], isString)
  const browserName = optional(json["browser_name"], isString)
  const browserVersion = optional(json["browser_version"], isString)
  const ipAddress = optional(json["ip_address"], isString)
  const city = optional(json["city"], isString)
  const country = optional(json["country"], isString)
  return isString(id) &&
    typeof is_mobile === "boolean" &&
    deviceType !== undefined &&
    browserName !== undefined &&
    browserVersion !== undefined &&
    ipAddress !== undefined &&
    city !== undefined &&
    country !== undefined
    ? Option.some({
        id,
        deviceType,
        isMobile: is_mobile,
        browserName,
        browserVersion,
        ipAddress,
        city,
        country
      })
    : undefined
}

const task: FastDecoder<Session.SessionTask> = (json) =>
  isRecord(json) && isString(json["key"]) ? { key: json["key"] } : undefined

export const page: FastDecoder<Session.SessionPage> = (json) => {
  const isPage = isRecord(json)
  const data = array(isPage ? json["data"] : json, session)
  const totalCount = isPage ? optional(json["total_count"], isCount) : Option.none()
  return data !== undefined && totalCount !== undefined ? { data, totalCount } : undefined
}

export const token: FastDecoder<Session.SessionToken> = (json) =>
  isRecord(json) && (json["object"] === "token" || json["object"] === undefined) && isId(json["jwt"])
    ? { jwt: Redacted.make(json["jwt"]) }
    : undefined

const array = <A>(json: unknown, item: FastDecoder<A>): ReadonlyArray<A> | undefined => {
  if (!Array.isArray(json)) {
    return undefined
  }
  const items: Array<A> = []
  for (const element of json) {
    const decoded = item(element)
    if (decoded === undefined) {
      return undefined
    }
    items.push(decoded)
  }
  return items
}

const optional = <A>(json: unknown, is: (json: unknown) => json is A): Option.Option<A> | undefined =>
  json == null ? Option.none() : is(json) ? Option.some(json) : undefined

const isString = (json: unknown): json is string => typeof json === "string"

const isRecord = (json: unknown): json is { readonly [key: string]: unknown } =>
  typeof json === "object" && json !== null && !Array.isArray(json)

const isId = <Id extends string>(json: unknown): json is Id => typeof json === "string" && json !== ""

const isCount = (json: unknown): json is number => Number.isSafeInteger(json) && Number(json) >= 0

/** JavaScript's dates end here, in milliseconds on either side of the epoch. */
const maxDate = 8.64e15

const epoch = DateTime.unsafeFromDate(new Date(0))

/** The same as `DateTime.unsafeFromDate`, without a `Date`. The addition makes 0 of -0. */
const utc = (millis: number): DateTime.Utc => DateTime.mapEpochMillis(epoch, () => millis + 0)

const isTimestamp = (json: unknown): json is number =>
  Number.isSafeInteger(json) && Math.abs(Number(json)) <= maxDate
