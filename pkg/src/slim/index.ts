/** `tillproof/slim`: the package without inlined wasm; the caller provides the modules. */

export { isTillproofError, TillproofError } from "../shell/errors.js";
export type { Advice, ErrorDetails } from "../shell/errors.js";
export { provideWasm } from "./provided.js";
export type { ArtefactName } from "./provided.js";
