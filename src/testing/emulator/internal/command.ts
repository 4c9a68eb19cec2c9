/// <reference types="node" preserve="false" />
/** The `effect-clerk` command. */
import { readFile } from "node:fs/promises"

import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

import { version } from "../../../internal/version.js"
import { banner } from "./banner.js"
import * as Control from "./control.js"
import { type Emulator, help, parse } from "./flags.js"
import * as Seed from "./seed.js"
import { serve } from "./server.js"
import { UsageError } from "./usageError.js"

/** Runs the command, and sets the exit code: 0 after Ctrl-C, 2 for wrong flags, values or files. */
export const run = (args: ReadonlyArray<string>): void => {
  const fiber = Effect.runFork(Effect.provide(command(args), LoggerLive))
  const stop = () => void Effect.runFork(Fiber.interruptFork(fiber))
  process.once("SIGINT", stop).once("SIGTERM", stop)
  // The reader of the pipe has gone, as head does after some lines.
  process.stdout.on("error", stop)
  fiber.addObserver((exit) => {
    process.off("SIGINT", stop).off("SIGTERM", stop)
    process.exitCode = exitCode(exit)
  })
}

const exitCode = (exit: Exit.Exit<void, UsageError>): number => {
  if (Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause)) return 0
  const error = Cause.failureOption(exit.cause)
  process.stderr.write(
    Option.isSome(error) ? `effect-clerk: ${error.value.message}\n` : `${Cause.pretty(exit.cause)}\n`
  )
  return Option.isSome(error) ? 2 : 1
}

const command = (args: ReadonlyArray<string>): Effect.Effect<void, UsageError> =>
  Effect.flatMap(parse(args), (parsed) => {
    switch (parsed._tag) {
      case "Help":
        return print(help)
      case "Version":
        return print(version)
      case "Emulator":
        return Effect.scoped(emulator(parsed))
    }
  })

const emulator = Effect.fnUntraced(function* (flags: Emulator) {
  const options = { ...(yield* seed(flags.seed)), ...flags.options }
  const { clerk, handle } = yield* Control.make(options)
  const url = yield* serve(handle, flags)
  yield* print(yield* banner(url, yield* clerk))
  return yield* Effect.never
})

const seed = (path: string | undefined): Effect.Effect<Seed.Seed, UsageError> =>
  path === undefined
    ? Effect.succeed(Seed.byDefault)
    : Effect.tryPromise({
        try: () => readFile(path, "utf8"),
        catch: (error) => new UsageError({ message: `--seed ${path}: ${reason(error)}` })
      }).pipe(
        Effect.flatMap(Seed.parse),
        Effect.catchTag("SeedError", ({ detail }) => new UsageError({ message: `--seed ${path}: ${detail}` }))
      )

const reason = (error: unknown): string => {
  const code = Predicate.hasProperty(error, "code") ? error.code : undefined
  if (code === "ENOENT") return "there is no such file"
  return code === "EISDIR" ? "it is a folder" : `it cannot be read (${String(code)})`
}

const print = (text: string) => Effect.sync(() => void process.stdout.write(`${text}\n`))

/** Prints the line of each request as a comment, so that a shell can read the whole output. */
const LoggerLive = Layer.mergeAll(
  Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ message }) => {
      const text = Array.isArray(message) ? message.join(" ") : String(message)
      process.stdout.write(`# ${text.replaceAll(/[^\x20-\x7e]/g, "?")}\n`)
    })
  ),
  Logger.minimumLogLevel(LogLevel.Debug),
  Layer.setUnhandledErrorLogLevel(Option.none())
)
