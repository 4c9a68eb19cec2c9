/** Ends all sessions of a user or a client, those that begin meanwhile included. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"

import {
  ClerkErrors,
  type CommonError,
  InvalidRequest,
  type NotFound,
  type Unauthorized
} from "../ClerkError.js"
import type { Session, SessionId } from "../Session.js"
import type { Owner, StreamParams } from "./request/params.js"
import { isText } from "./request/text.js"

/**
 * The parameters of `revokeAll`.
 *
 * @since 0.1.0
 * @category models
 */
export type RevokeAllParams = Owner & {
  /** The sessions that are not revoked: an id, or a list of ids. */
  readonly except?: string | ReadonlyArray<string> | undefined
  /** The number of sessions that are revoked at the same time; 5 by default. */
  readonly concurrency?: number | undefined
}

type RevokeAllError = ClerkErrors | Unauthorized | CommonError

/** The operations that `revokeAll` is made of. */
export interface Operations<R> {
  readonly stream: (params: StreamParams) => Stream.Stream<Session, RevokeAllError, R>
  readonly revoke: (sessionId: string) => Effect.Effect<Session, RevokeAllError | NotFound, R>
}

/** Each round lists again. Sessions that are left after so many come faster than they are revoked. */
const maxRounds = 10

const context = {
  operation: "Sessions.revokeAll",
  method: "POST",
  path: "/v1/sessions/{sessionId}/revoke"
}

export const revokeAll =
  <R>({ revoke, stream }: Operations<R>) =>
  (params: RevokeAllParams): Effect.Effect<ReadonlyArray<Session>, RevokeAllError, R> =>
    Effect.gen(function* () {
      const { concurrency, except, owner } = yield* validate(params)
      const revoked = new Map<SessionId, Session>()
      const failed = new Map<SessionId, RevokeAllError>()

      const revokeOne = ({ id }: Session) =>
        Effect.matchEffect(revoke(id), {
          onSuccess: (session) => Effect.sync(() => revoked.set(id, session)),
          onFailure: (error) =>
            // A session that is gone needs no revoking.
            Effect.sync(() => error._tag === "NotFound" || failed.set(id, error))
        })
      const firstFailure = () => Option.fromNullable(failed.values().next().value)

      for (let round = 0; ; round++) {
        const open = (yield* Effect.mapError(listOpen(stream, owner), (error) =>
          Option.getOrElse(firstFailure(), () => error)
        )).filter(({ id }) => !except.has(id))
        const left = open.filter(({ id }) => !failed.has(id))
        if (left.length === 0) {
          // A session whose revoking failed can have ended all the same.
          const ids = new Set(open.map(({ id }) => id))
          const failure = [...failed].find(([id]) => ids.has(id))
          return failure === undefined ? [...revoked.values()] : yield* failure[1]
        }
        if (round === maxRounds) {
          return yield* Option.getOrElse(firstFailure(), () => sessionsLeft(left.length))
        }
        yield* Effect.forEach(left, revokeOne, { concurrency, discard: true })
      }
    }).pipe(Effect.withSpan(context.operation, { captureStackTrace: false }))

/** Collects all sessions that can be used, before any of them is revoked and shifts the pages. */
const listOpen = <R>(
  stream: Operations<R>["stream"],
  owner: Owner
): Effect.Effect<ReadonlyArray<Session>, RevokeAllError, R> => {
  const collect = (status?: string) =>
    Effect.map(Stream.runCollect(stream({ ...owner, status, pageSize: 500 })), (sessions) => [...sessions])
  return Effect.zipWith(
    collect("active"),
    // Clerk's documentation names `pending` among the states of a session, and not among the filters.
    Effect.catchTag(collect("pending"), "ClerkErrors", () => collect()),
    (active, others) => {
      const seen = new Set(active.map(({ id }) => id))
      const isOpen = ({ id, status }: Session) =>
        !seen.has(id) && (status === "active" || status === "pending")
      return [...active, ...others.filter(isOpen)]
    }
  )
}

const sessionsLeft = (count: number): ClerkErrors =>
  new ClerkErrors({
    ...context,
    status: 409,
    errors: [
      {
        code: "client_sessions_left",
        message: `${count} sessions are left after ${maxRounds} rounds; call it again`,
        longMessage: Option.none(),
        meta: {}
      }
    ]
  })

/** Checks what the operations would not refuse, or would refuse in the name of another one. */
const validate = (params: RevokeAllParams) =>
  Effect.suspend(() => {
    if (!Predicate.isRecord(params)) {
      return refuse("expected an object")
    }
    const { clientId, concurrency = 5, except = [], userId } = params
    const owners = [userId, clientId].filter((id) => id !== undefined)
    if (owners.length === 0 || !owners.every(isText)) {
      return refuse("userId or clientId: expected one of them, not empty")
    }
    const ids = typeof except === "string" ? [except] : except
    if (!Array.isArray(ids) || !ids.every(isText)) {
      // An empty id is a mistake that would end the session to be kept.
      return refuse("except: expected the id of a session, or a list of ids, none of them empty")
    }
    if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
      return refuse("concurrency: expected a whole number from 1")
    }
    // `Owner` asks for one of the two, which has been checked.
    return Effect.succeed({ owner: { userId, clientId } as Owner, except: new Set(ids), concurrency })
  })

const refuse = (detail: string) => Effect.fail(new InvalidRequest({ ...context, detail }))
