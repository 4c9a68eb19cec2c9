import * as Data from "effect/Data"

/** A wrong flag, value or file. Its message is one line that names it. */
export class UsageError extends Data.TaggedError("UsageError")<{ readonly message: string }> {}
