import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Either, Exit, Fiber, Layer, Schedule, Scope, TestClock } from "effect"
import * as SessionVerifier from "effect-clerk/SessionVerifier"

import * as Tokens from "./tokens.js"

const atIssue = TestClock.setTime(Tokens.iat * 1000)

/** A token that is valid all day, so that only keys decide. */
const lasting = (kid?: string, header: Tokens.Json = {}) =>
  Effect.flatMap(Tokens.instance(kid), (instance) =>
    Tokens.sign(instance, Tokens.sessionClaims({ exp: Tokens.iat + 86_400 }), {
      ...Tokens.sessionHeader(instance.kid),
      ...header
    })
  )

const verdict = (token: string) =>
  SessionVerifier.verify(token).pipe(
    Effect.map((claims): string => claims.sessionId),
    Effect.catchTag("TokenRejected", ({ reason }) => Effect.succeed(reason)),
    Effect.catchAll(({ _tag }) => Effect.succeed(_tag))
  )

/** A Clerk whose keys and health can be changed. */
const makeClerk = Effect.gen(function* () {
  const one = yield* Tokens.instance()
  const state = { instances: [one], down: false, gate: undefined as Deferred.Deferred<void> | undefined }
  const respond = () =>
    Effect.gen(function* () {
      if (state.gate !== undefined) yield* Deferred.await(state.gate)
      return state.down
        ? new Response("<h1>Bad Gateway</h1>", { status: 502 })
        : Tokens.keySet(...state.instances)
    })
  return { state, respond }
})

/** Builds a verifier over a Clerk that can be changed. Nothing is retried, so that a load is one request. */
const setup = (options: SessionVerifier.KeySetOptions = {}) =>
  Effect.gen(function* () {
    yield* atIssue
    const { respond, state } = yield* makeClerk
    const { layer, requests } = Tokens.serveKeys(respond, {
      verifier: options,
      config: { retry: Schedule.stop }
    })
    const verifier = Context.get(yield* Layer.build(layer), SessionVerifier.SessionVerifier)
    const verify = (token: string) =>
      Effect.provideService(verdict(token), SessionVerifier.SessionVerifier, verifier)
    return { state, requests, verify }
  })

describe("the keys of an instance", () => {
  it.scoped("are loaded once, when the first token needs them", () =>
    Effect.gen(function* () {
      const { requests, verify } = yield* setup()
      assert.strictEqual(requests.length, 0)
      const token = yield* lasting()
      assert.strictEqual(yield* verify(token), "sess_1")
      assert.strictEqual(yield* verify(token), "sess_1")
      assert.strictEqual(requests.length, 1)
      const [request] = requests
      assert.strictEqual(request?.method, "GET")
      assert.strictEqual(new URL(request?.url ?? "").pathname, "/v1/jwks")
      assert.strictEqual(request?.headers.get("authorization"), `Bearer ${Tokens.secretKey}`)
    })
  )

  it.scoped("are not loaded for what is no session token", () =>
    Effect.gen(function* () {
      const { requests, verify } = yield* setup()
      assert.strictEqual(yield* verify("a.b.c"), "shape")
      assert.strictEqual(yield* verify(yield* lasting(undefined, { cat: "cl_B7d4PD222AAA" })), "kind")
      assert.strictEqual(yield* verify(yield* lasting(undefined, { kid: undefined })), "unknownKey")
      assert.strictEqual(requests.length, 0)
    })
  )

  it.scoped("are loaded once for fifty who ask at once", () =>
    Effect.gen(function* () {
      const { requests, verify } = yield* setup()
      const token = yield* lasting()
      const all = yield* Effect.forEach(Array.from({ length: 50 }), () => verify(token), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual([...new Set(all)], ["sess_1"])
      assert.strictEqual(requests.length, 1)
    })
  )

  it.scoped("are loaded although the first who asked is interrupted", () =>
    Effect.gen(function* () {
      const { requests, state, verify } = yield* setup()
      const gate = yield* Deferred.make<void>()
      state.gate = gate
      const token = yield* lasting()
      const first = yield* Effect.fork(verify(token))
      yield* Tokens.until(() => requests.length === 1)
      const second = yield* Effect.fork(verify(token))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(first)
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual(yield* Fiber.join(second), "sess_1")
      assert.strictEqual(requests.length, 1)
    })
  )

  it.scoped("are loaded also for a caller that cannot be interrupted", () =>
    Effect.gen(function* () {
      const { requests, verify } = yield* setup()
      assert.strictEqual(yield* Effect.uninterruptible(verify(yield* lasting())), "sess_1")
      assert.strictEqual(requests.length, 1)
    })
  )

  it.scoped("are never shared between layers", () =>
    Effect.gen(function* () {
      const one = yield* setup()
      const other = yield* setup()
      other.state.instances = [yield* Tokens.instance("ins_other")]
      const token = yield* lasting()
      assert.strictEqual(yield* one.verify(token), "sess_1")
      assert.strictEqual(yield* other.verify(token), "unknownKey")
      assert.strictEqual(yield* one.verify(yield* lasting("ins_other")), "unknownKey")
    })
  )

  it.scoped("are refreshed behind the verification when they are no longer fresh", () =>
    Effect.gen(function* () {
      const { requests, state, verify } = yield* setup()
      const token = yield* lasting()
      yield* verify(token)
      yield* TestClock.adjust("299999 millis")
      yield* verify(token)
      assert.strictEqual(requests.length, 1)
      yield* TestClock.adjust("1 millis")
      // The refresh hangs; the verification does not wait for it.
      state.gate = yield* Deferred.make<void>()
      assert.strictEqual(yield* verify(token), "sess_1")
      assert.strictEqual(yield* verify(token), "sess_1")
      yield* Tokens.until(() => requests.length === 2)
      assert.strictEqual(requests.length, 2)
    })
  )

  it.scoped("serve for an hour while Clerk is down, and not longer", () =>
    Effect.gen(function* () {
      const { requests, state, verify } = yield* setup()
      const token = yield* lasting()
      yield* verify(token)
      state.down = true
      yield* TestClock.adjust("59 minutes")
      assert.strictEqual(yield* verify(token), "sess_1")
      yield* Tokens.until(() => requests.length === 2)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* verify(token), "KeysUnavailable")
      state.down = false
      assert.strictEqual(yield* verify(token), "sess_1")
    })
  )

  it.scoped("are asked for at most every 30 seconds while Clerk is down and they still serve", () =>
    Effect.gen(function* () {
      const { requests, state, verify } = yield* setup()
      const token = yield* lasting()
      yield* verify(token)
      state.down = true
      yield* TestClock.adjust("6 minutes")
      for (let count = 0; count < 20; count += 1) {
        assert.strictEqual(yield* verify(token), "sess_1")
        yield* TestClock.adjust("2999 millis")
      }
      // 60 seconds: at 0 and at 30.
      assert.strictEqual(requests.length, 3)
    })
  )

  it.scoped("are unavailable while Clerk is down from the start; the failure is not kept", () =>
    Effect.gen(function* () {
      const { requests, state, verify } = yield* setup()
      const token = yield* lasting()
      state.down = true
      assert.strictEqual(yield* verify(token), "KeysUnavailable")
      assert.strictEqual(yield* verify(token), "KeysUnavailable")
      assert.strictEqual(requests.length, 2)
      state.down = false
      assert.strictEqual(yield* verify(token), "sess_1")
    })
  )

  it.scoped("are not fresh because the clock was set back", () =>
    Effect.gen(function* () {
      const { requests, verify } = yield* setup()
      const token = yield* lasting()
      yield* verify(token)
      yield* TestClock.setTime((Tokens.iat - 1) * 1000)
      assert.strictEqual(yield* verify(token), "sess_1")
      yield* Tokens.until(() => requests.length === 2)
    })
  )
})

describe("an unknown key", () => {
  it.scoped("is looked for at once, so that a rotation signs nobody out", () =>
    Effect.gen(function* () {
      const { requests, state, verify } = yield* setup()
      yield* verify(yield* lasting())
      state.instances.push(yield* Tokens.instance("ins_other"))
      assert.strictEqual(yield* verify(yield* lasting("ins_other")), "sess_1")
      assert.strictEqual(yield* verify(yield* lasting()), "sess_1")
      assert.strictEqual(requests.length, 2)
    })
  )

  it.scoped("causes at most one refresh per 30 seconds, whoever forges them", () =>
    Effect.gen(function* () {
      const { requests, state, verify } = yield* setup()
      const good = yield* lasting()
      yield* verify(good)
      const forged = Array.from({ length: 1000 }, (_, index) => Tokens.forge(good, `ins_${index}`))
      const verdicts = yield* Effect.forEach(forged, verify, { concurrency: 10 })
      assert.deepStrictEqual([...new Set(verdicts)], ["unknownKey"])
      assert.strictEqual(requests.length, 2)
      yield* TestClock.adjust("29999 millis")
      yield* Effect.forEach(forged, verify, { concurrency: "unbounded" })
      assert.strictEqual(requests.length, 2)
      yield* TestClock.adjust("1 millis")
      yield* Effect.forEach(forged, verify, { concurrency: "unbounded" })
      assert.strictEqual(requests.length, 3)
      // Known keys are untouched by that, and a rotation is seen after the pause.
      assert.strictEqual(yield* verify(good), "sess_1")
      state.instances.push(yield* Tokens.instance("ins_other"))
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* verify(yield* lasting("ins_other")), "sess_1")
    })
  )

  it.scoped("costs a cold verifier one request", () =>
    Effect.gen(function* () {
      const { requests, verify } = yield* setup()
      const good = yield* lasting()
      assert.strictEqual(yield* verify(Tokens.forge(good, "constructor")), "unknownKey")
      assert.strictEqual(requests.length, 1)
      assert.strictEqual(yield* verify(Tokens.forge(good, "__proto__")), "unknownKey")
      assert.strictEqual(requests.length, 2)
      assert.strictEqual(yield* verify(good), "sess_1")
      assert.strictEqual(requests.length, 2)
    })
  )

  it.scoped("is unavailable, and not rejected, until a refresh succeeds", () =>
    Effect.gen(function* () {
      const { requests, state, verify } = yield* setup()
      const good = yield* lasting()
      const rotated = yield* lasting("ins_other")
      yield* verify(good)
      state.down = true
      state.instances.push(yield* Tokens.instance("ins_other"))
      for (let count = 0; count < 100; count += 1) {
        assert.strictEqual(yield* verify(rotated), "KeysUnavailable")
      }
      assert.strictEqual(yield* verify(good), "sess_1")
      assert.strictEqual(requests.length, 2)
      state.down = false
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* verify(rotated), "sess_1")
      assert.strictEqual(yield* verify(Tokens.forge(good, "ins_none")), "unknownKey")
    })
  )

  it.effect("is quoted with 64 characters at most, and no control characters", () =>
    Effect.gen(function* () {
      yield* atIssue
      const { layer } = Tokens.serveKeys(() => Effect.map(Tokens.instance(), (one) => Tokens.keySet(one)))
      const token = Tokens.forge(yield* lasting(), `\n\u001b[31m${"k".repeat(500)}`)
      const error = yield* Effect.flip(Effect.provide(SessionVerifier.verify(token), layer))
      assert.match(error.message, /^[\x20-\x7e…]*$/)
      assert.match(error.message, /"\?\?\[31mk{58}…"/)
      assert.notInclude(error.message, "k".repeat(59))
    })
  )
})

describe("a key set", () => {
  const load = (body: unknown, status = 200) =>
    Effect.gen(function* () {
      yield* atIssue
      const { layer, requests } = Tokens.serveKeys(() => Effect.succeed(Response.json(body, { status })), {
        config: { retry: Schedule.stop }
      })
      const error = yield* Effect.either(SessionVerifier.verify(yield* lasting())).pipe(Effect.provide(layer))
      const outcome = Either.getOrElse(
        Either.map(error, ({ sessionId }): string => sessionId),
        (failure) => failure
      )
      return { outcome, requests }
    })

  it.effect("may hold keys of other kinds", () =>
    Effect.gen(function* () {
      const { jwk } = yield* Tokens.instance()
      const others = [
        null,
        "key",
        {},
        { kty: "EC", kid: "ins_one", crv: "P-256", x: "AA", y: "AA" },
        { ...jwk, kid: undefined },
        { ...jwk, use: "enc" },
        { ...jwk, alg: "RS512" },
        { ...jwk, n: "AQAB" },
        { ...jwk, n: 5 }
      ]
      assert.strictEqual((yield* load({ keys: [jwk, ...others] })).outcome, "sess_1")
      for (const [index, other] of others.entries()) {
        const { outcome } = yield* load({ keys: [other] })
        assert.strictEqual(String(outcome).slice(0, 15), "KeysUnavailable", `key ${index}`)
      }
    })
  )

  it.effect("without a key is no reason to sign anybody out", () =>
    Effect.gen(function* () {
      for (const body of [{ keys: [] }, {}, [], null, "<html>"]) {
        const { outcome } = yield* load(body)
        assert.strictEqual(String(outcome).slice(0, 15), "KeysUnavailable", JSON.stringify(body))
      }
    })
  )

  it.effect("that Clerk refuses because of the secret key is a KeysUnavailable that says so", () =>
    Effect.gen(function* () {
      const errors = [{ code: "authentication_invalid", message: "Invalid authentication" }]
      const { outcome } = yield* load({ errors }, 401)
      const message = typeof outcome === "string" ? outcome : outcome.message
      assert.match(
        message,
        /^The keys of the Clerk instance are not available: JWKS\.get \(GET \/v1\/jwks\): 401/
      )
      assert.include(message, "secret key")
      assert.notInclude(message, Tokens.secretKey)
    })
  )

  it.effect("has to come within 5 seconds, retries included", () =>
    Effect.gen(function* () {
      yield* atIssue
      const { layer, requests } = Tokens.serveKeys(() => Effect.never)
      const token = yield* lasting()
      const fiber = yield* Effect.fork(Effect.provide(Effect.flip(SessionVerifier.verify(token)), layer))
      yield* Tokens.until(() => requests.length === 1)
      yield* TestClock.adjust("4999 millis")
      assert.isTrue((yield* Fiber.poll(fiber))._tag === "None")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "KeysUnavailable")
    })
  )

  it.effect("is asked for again where a request fails on the way", () =>
    Effect.gen(function* () {
      yield* atIssue
      const one = yield* Tokens.instance()
      let count = 0
      const { layer } = Tokens.serveKeys(() =>
        Effect.sync(() => {
          count += 1
          return count === 1 ? new Response("", { status: 503 }) : Tokens.keySet(one)
        })
      )
      const token = yield* lasting()
      const fiber = yield* Effect.fork(Effect.provide(verdict(token), layer))
      yield* Tokens.until(() => count === 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(fiber), "sess_1")
      assert.strictEqual(count, 2)
    })
  )
})

describe("a scope that closes while keys are loaded", () => {
  it.effect("ends the load and the waiting, and leaves nothing behind", () =>
    Effect.gen(function* () {
      yield* atIssue
      let aborted = 0
      const { layer, requests } = Tokens.serveKeys(() =>
        Effect.onInterrupt(Effect.never, () =>
          Effect.sync(() => {
            aborted += 1
          })
        )
      )
      const scope = yield* Scope.make()
      const verifier = Context.get(yield* Layer.buildWithScope(layer, scope), SessionVerifier.SessionVerifier)
      const token = yield* lasting()
      const waiting = yield* Effect.fork(Effect.flip(verifier.verify(token)))
      yield* Tokens.until(() => requests.length === 1)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(aborted, 1)
      assert.strictEqual((yield* Fiber.join(waiting))._tag, "KeysUnavailable")
      // A verifier that outlives its layer loads nothing more, and hangs nobody.
      assert.strictEqual((yield* Effect.flip(verifier.verify(token)))._tag, "KeysUnavailable")
      assert.strictEqual(requests.length, 1)
    })
  )
})
