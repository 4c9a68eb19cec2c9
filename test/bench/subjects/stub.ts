/** A `fetch` without a network. */
import { sessionToken, wireSession, wireSessions } from "../wire.js"

/** An origin that nothing is sent to. */
export const nowhere = "http://127.0.0.1:9"

/** Makes a `fetch` whose responses are there at once. */
export const stub = (): typeof fetch => {
  // Bytes, because a response made of a string encodes it first.
  const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value))
  const bodies = {
    get: bytesOf(wireSession(0)),
    createToken: bytesOf({ object: "token", jwt: sessionToken() }),
    list: bytesOf(wireSessions(0, 500))
  }
  return (input) => {
    const url = input instanceof Request ? input.url : String(input)
    const body = url.endsWith("/tokens") ? bodies.createToken : url.includes("?") ? bodies.list : bodies.get
    const headers = { "content-type": "application/json", "content-length": String(body.length) }
    return Promise.resolve(new Response(body, { headers }))
  }
}

/** Replaces the global `fetch`. */
export const stubFetch = (): void => {
  globalThis.fetch = stub()
}
