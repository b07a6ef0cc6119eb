/**
 * What the `webhooks-full` artefact is started from, and nothing else: whoever imports this file carries its bytes.
 *
 * Only two do: the entry `tillproof/webhooks/full`, and the file that the shell loads from the installed package when a
 * scheme needs it.
 */

import packed from "#wasm/webhooks-full";
import type { ModuleSource } from "./bytes.js";

export * as glue from "../../wasm/webhooks-full.js";

/** Under a name of its own: a default that is handed on from chunk to chunk loses itself between ES modules and CommonJS. */
export const source: ModuleSource = packed;
