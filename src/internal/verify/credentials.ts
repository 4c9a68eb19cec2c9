/** Finds the session token in the headers of a request. */
import * as Headers from "@effect/platform/Headers"

/** The cookie that holds the session token. */
export const cookie = "__session"

export interface Credentials {
  readonly token: string
  readonly carrier: "header" | "cookie"
}

/** The token and where it was, or nothing. A cookie that is present counts, even if it is empty or bad. */
export const find = (input: Headers.Input, cookies: ReadonlyArray<string>): Credentials | undefined => {
  const headers = toHeaders(input)
  const bearer = /^bearer +(\S.*)$/is.exec(text(headers["authorization"]).trim())?.[1]
  if (bearer !== undefined) {
    return { token: bearer, carrier: "header" }
  }
  const header = text(headers["cookie"])
  for (const name of header === "" ? [] : cookies) {
    const token = readCookie(header, name)
    if (token !== undefined) {
      return token === "" ? undefined : { token, carrier: "cookie" }
    }
  }
  return undefined
}

const toHeaders = (input: Headers.Input): Headers.Headers => {
  if (Headers.isHeaders(input)) return input
  try {
    return Headers.fromInput(input)
  } catch {
    // Only what the types forbid cannot be read as headers.
    return Headers.empty
  }
}

const text = (value: unknown): string => (typeof value === "string" ? value : "")

/** Tokens need no percent-encoding, so none is decoded. */
const readCookie = (header: string, name: string): string | undefined => {
  for (const pair of header.split(";")) {
    const equals = pair.indexOf("=")
    if (equals !== -1 && pair.slice(0, equals).trim() === name) {
      return pair
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, "$1")
    }
  }
  return undefined
}
