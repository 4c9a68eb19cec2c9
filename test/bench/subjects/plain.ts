import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
/** The same three operations as an Effect program calls them without this package. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { Session } from "effect-clerk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { constTrue } from "effect/Function"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"

import type { Operation } from "../wire.js"
import { ofEffects } from "./effects.js"
import { headers, operationOf, paths } from "./promises.js"
import type { Client } from "./promises.js"

const decoders: Record<
  Operation,
  (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<unknown, unknown>
> = {
  get: HttpClientResponse.schemaBodyJson(Session.Session),
  createToken: HttpClientResponse.schemaBodyJson(Session.SessionToken),
  list: HttpClientResponse.schemaBodyJson(Schema.Array(Session.Session))
}

export const plainOnUndici: Client = (origin) => {
  const call = (task: string) => {
    const operation = operationOf(task)
    const method = operation === "createToken" ? "POST" : "GET"
    const request = HttpClientRequest.make(method)(origin + paths[operation], { headers })
    return Effect.flatMap(HttpClient.HttpClient, (client) =>
      HttpClient.filterStatusOk(client)
        .execute(request)
        .pipe(
          // As in the operations of this package, where it is the default.
          Effect.locally(HttpClient.currentTracerDisabledWhen, constTrue),
          Effect.flatMap(decoders[operation]),
          Effect.timeoutFail({ duration: Duration.seconds(10), onTimeout: () => new Error("timeout") }),
          Effect.retry(Schedule.recurs(3))
        )
    )
  }
  return Promise.resolve(ofEffects(ManagedRuntime.make(NodeHttpClient.layerUndici), call))
}
