/** The names of the subjects, as they are printed. */
export const names = {
  byHand: "fetch + JSON.parse",
  sdk: "@clerk/backend",
  plain: "plain Effect on layerUndici",
  onFetch: "ours on FetchHttpClient",
  onUndici: "ours on layerUndici",
  onTuned: "ours on effect-clerk/undici",
  subtle: "subtle.verify",
  jose: "jose, kept key",
  verifier: "ours, SessionVerifier",
  tokens: "ours, SessionTokens",
  limiter: "ours, ClerkRateLimiter",
  parse: "JSON.parse",
  decode: "ours, decoded",
  leaves: "leaf modules",
  effect: "effect by hand",
  oursFirst: "ours"
} as const
