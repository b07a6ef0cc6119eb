/**
 * What the `payments-tables` artefact is started from: whoever imports this file carries its bytes.
 *
 * Only two do: the entry `tillproof/payments/profiles`, and the file that the shell loads from the installed package when
 * a profile is to be checked.
 */

import { packed, type Compiled } from "./bytes.js";
import bytes from "#wasm/payments-tables";

/** Under a name: where chunks are shared, a default export of an ES module is another thing in CommonJS. */
export const source: Compiled = /* @__PURE__ */ packed(bytes);
export { Artefact } from "./artefact.js";
export * as glue from "../../wasm/payments-tables.js";
