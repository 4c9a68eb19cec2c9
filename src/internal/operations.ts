/** The operations that go through `call`, and what may be done with each. */

/** An operation as errors, spans and metrics name it. */
export type OperationName =
  | "Sessions.list"
  | "Sessions.listPage"
  | "Sessions.stream"
  | "Sessions.create"
  | "Sessions.get"
  | "Sessions.refresh"
  | "Sessions.revoke"
  | "Sessions.createToken"
  | "Sessions.createTokenFromTemplate"
  | "JWKS.get"

interface Policy {
  /** Whether a second request does no harm, even if the first one took effect. */
  readonly repeatable: boolean
  /** Whether Clerk counts its requests against the rate limit. */
  readonly limited: boolean
}

const operations: Record<OperationName, Policy> = {
  "Sessions.list": { repeatable: true, limited: true },
  "Sessions.listPage": { repeatable: true, limited: true },
  "Sessions.stream": { repeatable: true, limited: true },
  "Sessions.create": { repeatable: false, limited: true },
  "Sessions.get": { repeatable: true, limited: true },
  "Sessions.refresh": { repeatable: false, limited: true },
  "Sessions.revoke": { repeatable: true, limited: true },
  "Sessions.createToken": { repeatable: true, limited: true },
  "Sessions.createTokenFromTemplate": { repeatable: true, limited: true },
  "JWKS.get": { repeatable: true, limited: false }
}

export const isLimited = (name: OperationName): boolean => operations[name].limited

/** An error may come from elsewhere and name any operation; one that is not in the table is not repeated. */
export const isRepeatable = (name: string): boolean =>
  Object.hasOwn(operations, name) && operations[name as OperationName].repeatable
