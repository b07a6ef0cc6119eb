/** `tillproof`: the paved path. Each area has its own entry for those who want only that. */

export { isTillproofError, TillproofError } from "./shell/errors.js";
export type { Advice, ErrorDetails } from "./shell/errors.js";
