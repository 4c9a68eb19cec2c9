/**
 * Layers for tests of programs that use Clerk.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 */
export * as ClerkTest from "./ClerkTest.js"
