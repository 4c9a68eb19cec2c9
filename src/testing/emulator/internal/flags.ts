/** The arguments of the command. */
import { parseArgs } from "node:util"

import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import * as ClerkConfig from "../../../ClerkConfig.js"
import { parseIssuer } from "../../internal/instance.js"
import { UsageError } from "./usageError.js"

/** The parsed arguments of `effect-clerk emulator`. */
export interface Emulator {
  readonly _tag: "Emulator"
  readonly host: string
  readonly port: number
  readonly seed: string | undefined
  /** Options that win over those of the seed file. */
  readonly options: { readonly secretKey?: string; readonly issuer?: string }
}

export const help = `Usage: effect-clerk emulator [options]

Serves a fake Clerk for tests and development. It keeps everything in memory, and
prints the environment variables with which Clerk's SDKs reach it.

Options:
  --port <port>        the port to listen on; 0 takes a free one (default: 4200)
  --host <host>        the address to listen on (default: 127.0.0.1)
  --secret-key <key>   the secret key that it accepts; an sk_live_ key makes a production instance
  --issuer <url>       the issuer of its tokens (default: a reserved name)
  --seed <file>        a JSON file with users, sessions, templates and faults
  --help               prints this text
  --version            prints the version

Example:
  npx effect-clerk emulator --port 4200 --seed clerk.json`

/** Parses the arguments, and fails with the first one that is wrong. */
export const parse = (
  args: ReadonlyArray<string>
): Effect.Effect<{ readonly _tag: "Help" } | { readonly _tag: "Version" } | Emulator, UsageError> =>
  Effect.gen(function* () {
    const { positionals, values } = yield* Effect.try({
      try: () =>
        parseArgs({
          args: [...args],
          allowPositionals: true,
          options: {
            port: { type: "string" },
            host: { type: "string" },
            "secret-key": { type: "string" },
            issuer: { type: "string" },
            seed: { type: "string" },
            help: { type: "boolean" },
            version: { type: "boolean" }
          }
        }),
      // Node explains at length; its first sentence names the flag.
      catch: (error) => usageError(String(error instanceof Error ? error.message : error).split(/[.\n]/)[0])
    })
    if (values.help === true) return { _tag: "Help" } as const
    if (values.version === true) return { _tag: "Version" } as const
    const [command, extra] = positionals
    if (command !== "emulator") {
      return yield* usageError(
        command === undefined ? "the command is missing" : `unknown command "${command}"`
      )
    }
    if (extra !== undefined) return yield* usageError(`unexpected argument "${extra}"`)
    return {
      _tag: "Emulator",
      host: yield* host(values.host ?? "127.0.0.1"),
      port: yield* port(values.port ?? "4200"),
      seed: values.seed,
      options: {
        ...(values["secret-key"] === undefined ? {} : { secretKey: yield* secretKey(values["secret-key"]) }),
        ...(values.issuer === undefined ? {} : { issuer: yield* issuer(values.issuer) })
      }
    } as const
  })

const usageError = (what = "wrong arguments") =>
  new UsageError({ message: `${what}; see effect-clerk --help` })

const port = (text: string) =>
  /^\d{1,5}$/.test(text) && Number(text) <= 65_535
    ? Effect.succeed(Number(text))
    : usageError(`--port must be an integer from 0 to 65535, not "${text}"`)

const host = (text: string) =>
  text.trim() === "" ? usageError("--host must not be empty") : Effect.succeed(text)

const secretKey = (text: string) =>
  Effect.matchEffect(ClerkConfig.make({ secretKey: Redacted.make(text) }), {
    onFailure: (error) =>
      usageError(`--secret-key ${"message" in error ? error.message : "is not a secret key"}`),
    onSuccess: ({ secretKey }) => Effect.succeed(Redacted.value(secretKey))
  })

const issuer = (text: string) =>
  Effect.mapError(parseIssuer(text), (reason) => usageError(`--issuer ${reason}`))
