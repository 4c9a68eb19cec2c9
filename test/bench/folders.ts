/** Where things are. */
import { join } from "node:path"
import { fileURLToPath } from "node:url"

/** The checkout that this file belongs to, whether it runs as a source or compiled. */
export const root: string = fileURLToPath(new URL(".", import.meta.url)).replace(/\/test\/bench\/.*$/, "")

/** The built package. */
export const packageFolder = (root: string): string => join(root, "dist")

/**
 * The compiled benchmark. It lies inside of the checkout that it measures, where `effect-clerk` is the checkout's own
 * built package. Files of a folder `dist` are in no commit and not looked at by the other tools.
 */
export const compiledFolder = (root: string): string => join(root, "test/bench/dist")
