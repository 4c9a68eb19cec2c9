/** Two copies of the package in one process, as package managers install them at times. */
import { mkdtemp, rm } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

import * as HttpClient from "@effect/platform/HttpClient"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import type * as ClerkUndici from "effect-clerk/undici"
import { build } from "esbuild"
import { afterAll, beforeAll } from "vitest"

import {
  conform,
  failing,
  hang,
  hangInBody,
  honest,
  inFlight,
  interruptAfter,
  resetInBody,
  respond,
  session,
  tellingHeaders
} from "./harness.js"

const here = fileURLToPath(new URL(".", import.meta.url))

const scope = Effect.runSync(Scope.make())

let folder = ""

/** The transport of the other copy. */
let other: HttpClient.HttpClient

beforeAll(async () => {
  // Beside this file, so that it finds the same Effect.
  folder = await mkdtemp(join(here, "copy-"))
  const file = join(folder, "undici.mjs")
  await build({
    entryPoints: [join(here, "../../src/undici.ts")],
    outfile: file,
    bundle: true,
    format: "esm",
    packages: "external",
    platform: "node",
    logLevel: "silent"
  })
  // The bundle exports what the entry does.
  const copy = (await import(/* @vite-ignore */ file)) as typeof ClerkUndici
  const context = await Effect.runPromise(Layer.buildWithScope(copy.layer(), scope))
  other = Context.get(context, HttpClient.HttpClient)
})

afterAll(async () => {
  await Effect.runPromise(Scope.close(scope, Exit.void))
  await rm(folder, { recursive: true })
})

const sockets = ["effect-clerk/undici"] as const

conform("the transport of another copy of the package", [
  {
    name: "responds",
    over: sockets,
    respond: [honest],
    client: () => other,
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "sess_1" }
  },
  {
    name: "is interrupted before the headers",
    over: sockets,
    respond: [hang],
    client: () => other,
    run: (stage) => interruptAfter(stage, inFlight(stage, 1), stage.get("sess_1")),
    expect: { outcome: "interrupted", aborted: 1, inFlight: 0 }
  },
  {
    name: "is interrupted within the body",
    over: sockets,
    respond: [hangInBody],
    client: (_, stage) => tellingHeaders(other, stage),
    run: (stage) => interruptAfter(stage, stage.headers.await, stage.get("sess_1")),
    expect: { outcome: "interrupted", aborted: 1, inFlight: 0 }
  },
  {
    name: "fails and is repeated",
    over: sockets,
    respond: [failing(503), resetInBody, failing(404)],
    client: () => other,
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "fails: NotFound" }
  },
  {
    name: "gives up a body that is longer than allowed",
    over: sockets,
    respond: [respond({ status: 503, body: "x".repeat(200_000) }), respond({ body: session("sess_1") })],
    client: () => other,
    run: (stage) => stage.get("sess_1"),
    expect: { outcome: "sess_1" }
  }
])
