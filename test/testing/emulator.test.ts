import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"

// The command has no public name: emulator.slow.test.ts runs it as a process.
import { parse } from "../../src/testing/emulator/internal/flags.js"
import * as Seed from "../../src/testing/emulator/internal/seed.js"

describe("the flags", () => {
  it.effect("have defaults", () =>
    Effect.gen(function* () {
      deepStrictEqual(yield* parse(["emulator"]), {
        _tag: "Emulator",
        host: "127.0.0.1",
        port: 4200,
        seed: undefined,
        options: {}
      })
    })
  )

  it.effect("are parsed in any order", () =>
    Effect.gen(function* () {
      const flags = [
        "--port=0",
        "--seed",
        "a.json",
        "emulator",
        "--secret-key",
        " sk_live_a ",
        "--host",
        "::1"
      ]
      deepStrictEqual(yield* parse([...flags, "--issuer", "https://clerk.mine.test/"]), {
        _tag: "Emulator",
        host: "::1",
        port: 0,
        seed: "a.json",
        options: { secretKey: "sk_live_a", issuer: "https://clerk.mine.test" }
      })
    })
  )

  it.effect("ask for help and version anywhere", () =>
    Effect.gen(function* () {
      for (const args of [["--help"], ["emulator", "--help"], ["none", "--help"]]) {
        deepStrictEqual(yield* parse(args), { _tag: "Help" })
      }
      deepStrictEqual(yield* parse(["emulator", "--version"]), { _tag: "Version" })
    })
  )

  it.effect("are refused with one line that names them, without the secret key", () =>
    Effect.gen(function* () {
      const key = "sk_test_secret secret"
      for (const [args, message] of [
        [[], "the command is missing"],
        [["serve"], 'unknown command "serve"'],
        [["emulator", "now"], 'unexpected argument "now"'],
        [["emulator", "--prot", "1"], "Unknown option '--prot'"],
        [["emulator", "--port"], "Option '--port <value>'"],
        [["emulator", "--port", "--help"], "Option '--port'"],
        [["emulator", "--help=1"], "Option '--help'"],
        [["emulator", "--port", ""], '--port must be an integer from 0 to 65535, not ""'],
        [["emulator", "--port", "65536"], '--port must be an integer from 0 to 65535, not "65536"'],
        [["emulator", "--port", "4e3"], '--port must be an integer from 0 to 65535, not "4e3"'],
        [["emulator", "--host", ""], "--host must not be empty"],
        [["emulator", "--secret-key", key], "--secret-key contains white space"],
        [["emulator", "--secret-key", "pk_test_a"], "--secret-key is a publishable key"],
        [["emulator", "--issuer", "clerk.test"], "--issuer is not a URL"],
        [["emulator", "--issuer", "https://clerk.test/path"], "--issuer must be http: or https:"]
      ] as const) {
        const error = yield* Effect.flip(parse(args))
        assert.isTrue(error.message.startsWith(message), error.message)
        assert.isTrue(error.message.endsWith("; see effect-clerk --help"))
        assert.notInclude(error.message, "\n")
        assert.notInclude(error.message, key)
      }
    })
  )
})

describe("the seed file", () => {
  it.effect("is refused with the place that is wrong", () =>
    Effect.gen(function* () {
      for (const [text, message] of [
        ["{", "it is not JSON"],
        ["[]", "expected an object"],
        ['{"user":[]}', "user: is unexpected"],
        ['{"users":"a"}', "users: expected a list"],
        ['{"users":["a",1]}', "users[1]: expected a string that is not empty"],
        ['{"sessions":[3]}', "sessions[0]: expected an object"],
        ['{"sessions":[{"id":"a"},{"createdAt":"yesterday"}]}', "sessions[1].createdAt: expected a time"],
        ['{"sessions":[{"idleFor":"long"}]}', "sessions[0].idleFor: expected a duration"],
        [
          '{"sessions":[{"latestActivity":{"isMobile":"yes"}}]}',
          "sessions[0].latestActivity.isMobile: expected boolean"
        ],
        [
          '{"sessions":[{"organization":{"permissions":["a:b"]}}]}',
          "sessions[0].organization.permissions[0]: expected a permission"
        ],
        ['{"templates":{"a b":{"lifetime":"x"}}}', 'templates["a b"].lifetime: expected a duration'],
        ['{"faults":[{"fault":"x"}]}', "faults[0].fault: expected one of"],
        ['{"faults":[{"fault":"status"}]}', "faults[0].status: is missing"],
        ['{"faults":[{"fault":"reset","operation":"list"}]}', "faults[0].operation: expected one of"],
        ['{"issuer":"x"}', "issuer: expected a URL"],
        ['{"tokenVersion":3}', "tokenVersion: expected one of 1, 2"]
      ] as const) {
        const { detail } = yield* Effect.flip(Seed.parse(text))
        assert.isTrue(detail.startsWith(message), `${text}: ${detail}`)
        assert.notInclude(detail, "\n")
      }
    })
  )
})
