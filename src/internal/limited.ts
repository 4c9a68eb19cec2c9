/** A response that reads its body no further than it is told, which those of the platform cannot. */
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"

export const upTo: unique symbol = Symbol("effect-clerk/upTo")

export interface Limited {
  /** The chunks of the whole body, or of the beginning of one that is longer than so many bytes: just beyond the limit. */
  readonly [upTo]: (limit: number) => Effect.Effect<ReadonlyArray<Uint8Array>, HttpClientError.ResponseError>
}

export const isLimited = (response: object): response is Limited => Predicate.hasProperty(response, upTo)
