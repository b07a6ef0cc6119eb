/**
 * What the `webhooks-full` artefact is started from, and nothing else: whoever imports this file carries its bytes.
 *
 * Only two do: the entry `tillproof/webhooks/full`, and the file that the shell loads from the installed package when a
 * scheme needs it.
 */

export { default as source } from "#wasm/webhooks-full";
export * as glue from "../../wasm/webhooks-full.js";
