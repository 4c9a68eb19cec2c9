/** Says where a value does not fit its schema and what was expected there, without quoting the value. */
import * as Array from "effect/Array"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as AST from "effect/SchemaAST"

export interface Mismatch {
  readonly path: ReadonlyArray<PropertyKey>
  readonly expected: string
}

/** Returns the issue that lies deepest: of several alternatives, the one that came nearest to fitting. */
export const deepest = (error: ParseResult.ParseError): Mismatch => walk(error.issue, [])

/** `[2].expire_at: expected an integer, got a string` */
export const describe = ({ expected, path }: Mismatch): string =>
  path.length === 0 ? expected : `${path.map(step).join("").replace(/^\./, "")}: ${expected}`

const step = (key: PropertyKey) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)

const walk = (issue: ParseResult.ParseIssue, path: ReadonlyArray<PropertyKey>): Mismatch => {
  switch (issue._tag) {
    case "Pointer":
      return walk(issue.issue, path.concat(issue.path))
    case "Composite": {
      if (AST.isUnion(issue.ast) && issue.ast.types.every(AST.isLiteral)) {
        return { path, expected: expectation(issue.ast, issue.actual) }
      }
      return Array.ensure(issue.issues)
        .map((issue) => walk(issue, path))
        .reduce((deepest, other) => (other.path.length > deepest.path.length ? other : deepest))
    }
    case "Refinement":
    case "Transformation":
      return issue.kind === "Predicate" || issue.kind === "Transformation"
        ? { path, expected: expectation(issue.ast, issue.actual) }
        : walk(issue.issue, path)
    case "Missing":
      return { path, expected: "is missing" }
    case "Unexpected":
      return { path, expected: "is not expected" }
    case "Type":
    case "Forbidden":
      return { path, expected: wordsOf(issue.ast) ?? expectation(issue.ast, issue.actual) }
  }
}

/** An issue's own message may quote the value, so that words of this package are kept apart from it. */
const wordsId = Symbol("effect-clerk/words")

/** Makes an issue that is described in these words. */
export const issue = (ast: AST.AST, words: string): ParseResult.ParseIssue =>
  new ParseResult.Type(AST.annotations(ast, { [wordsId]: words }), undefined)

const wordsOf = (ast: AST.AST): string | undefined => {
  const words = ast.annotations[wordsId]
  return typeof words === "string" ? words : undefined
}

const expectation = (ast: AST.AST, actual: unknown) => {
  const type = nameOf(ast)
  return `expected ${type.length > 60 ? `${type.slice(0, 60)}…` : type}, got ${kind(actual)}`
}

const nameOf = (ast: AST.AST): string => {
  if (AST.isTypeLiteral(ast)) {
    return "an object"
  }
  if (AST.isUnion(ast)) {
    return ast.types.map(nameOf).join(" or ")
  }
  return Option.getOrElse(AST.getDescriptionAnnotation(ast), () => String(ast))
}

const kind = (value: unknown): string => {
  if (value === null || value === undefined) {
    return String(value)
  }
  if (globalThis.Array.isArray(value)) {
    return "an array"
  }
  return value === "" ? "an empty string" : `${Predicate.isObject(value) ? "an" : "a"} ${typeof value}`
}
