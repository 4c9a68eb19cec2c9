/** Reads text that may be redacted; `undefined` stands for what is no text, or was wiped. */
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

import { readSecret } from "../settings.js"

export const readText = (text: unknown): string | undefined =>
  Redacted.isRedacted(text)
    ? Option.getOrUndefined(readSecret(text))
    : typeof text === "string"
      ? text
      : undefined
