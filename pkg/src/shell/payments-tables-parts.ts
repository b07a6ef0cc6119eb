/**
 * What the `payments-tables` artefact is started from, and nothing else: whoever imports this file carries its bytes.
 *
 * Only two do: the entry `tillproof/payments/profiles`, and the file that the shell loads from the installed package when
 * a profile is to be checked.
 */

import type { ModuleSource } from "./bytes.js";
import packed from "#wasm/payments-tables";

/** Under a name: where chunks are shared, a default export of an ES module is another thing in CommonJS. */
export const source: ModuleSource = packed;
export * as glue from "../../wasm/payments-tables.js";
