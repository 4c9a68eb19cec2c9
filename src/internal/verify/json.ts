/** Reads bytes as JSON; `undefined` stands for bytes that are no UTF-8 or no JSON. */
export const parseBytes = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch {
    return undefined
  }
}

// `ignoreBOM` keeps a byte order mark in the text, where JSON does not allow it.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
