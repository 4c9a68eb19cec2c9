/**
 * Clerk's sessions for Effect: the Backend API's operations, with typed errors, retries, timeouts and test layers.
 *
 * @since 0.1.0
 */

/** @since 0.1.0 */
export * as AuthenticationError from "./AuthenticationError.js"
/** @since 0.1.0 */
export * as ClerkConfig from "./ClerkConfig.js"
/** @since 0.1.0 */
export * as ClerkError from "./ClerkError.js"
/** @since 0.1.0 */
export * as ClerkRetry from "./ClerkRetry.js"
/** @since 0.1.0 */
export * as Session from "./Session.js"
/** @since 0.1.0 */
export * as SessionClaims from "./SessionClaims.js"
/** @since 0.1.0 */
export * as Sessions from "./Sessions.js"
/** @since 0.1.0 */
export * as SessionTokens from "./SessionTokens.js"
