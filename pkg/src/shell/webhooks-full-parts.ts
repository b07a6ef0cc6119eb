/**
 * What the `webhooks-full` artefact is started from, and what comes with it: whoever imports this file carries its bytes.
 *
 * Only two do: the entry `tillproof/webhooks/full`, and the file that the shell loads from the installed package when a
 * scheme needs it.
 */

import { packed, type Compiled } from "./bytes.js";
import bytes from "#wasm/webhooks-full";

/** Under a name: where chunks are shared, a default export of an ES module is another thing in CommonJS. */
export const source: Compiled = /* @__PURE__ */ packed(bytes);
export { Artefact } from "./artefact.js";
export * as glue from "../../wasm/webhooks-full.js";
export { hintOf } from "../webhooks/diagnosis.js";
