/** Exports spans and metrics with OpenTelemetry, here to the console. Any other exporter goes in the same place. */
import { NodeSdk } from "@effect/opentelemetry"
import { NodeRuntime } from "@effect/platform-node"
import { ConsoleMetricExporter, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics"
import { ConsoleSpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import { Effect, Layer } from "effect"
import { ClerkConfig, ClerkRetry, Sessions } from "effect-clerk"
import { ClerkTest } from "effect-clerk/testing"

const TelemetryLive = NodeSdk.layer(() => ({
  resource: { serviceName: "example" },
  spanProcessor: new SimpleSpanProcessor(new ConsoleSpanExporter()),
  // Exports when the program ends, too.
  metricReader: new PeriodicExportingMetricReader({ exporter: new ConsoleMetricExporter() })
}))

// A span `signOut` with a child `Sessions.revoke`, which has two attempts. No span holds a key, a token or a cookie.
const program = Effect.gen(function* () {
  const clerk = yield* ClerkTest.ClerkTest
  yield* clerk.inject(ClerkTest.Fault.status(503))
  yield* Sessions.revoke("sess_1")
}).pipe(
  ClerkConfig.withRetry(ClerkRetry.schedule({ base: "20 millis" })),
  Effect.withSpan("signOut", { attributes: { reason: "password changed" } })
)

const ClerkLive = ClerkTest.layer({ sessions: [{ id: "sess_1" }] })

NodeRuntime.runMain(Effect.provide(program, Layer.merge(ClerkLive, TelemetryLive)))
