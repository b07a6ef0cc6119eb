/**
 * Modules the caller compiled, for platforms that refuse to compile bytes and pages that count kilobytes.
 *
 * Invariant: an artefact starts at most once, on the first module provided for it.
 */

import { TillproofError } from "../shell/errors.js";

/** The wasm files of the package, as in `tillproof/wasm/<name>.wasm`. */
export type ArtefactName =
  | "webhooks"
  | "webhooks-full"
  | "inbox"
  | "idempotency"
  | "payments"
  | "payments-tables"
  | "governor"
  | "investigation"
  | "saga"
  | "ledger"
  | "ledger-bulk"
  | "ledger-templates"
  | "ledger-plan"
  | "reconcile"
  | "reconcile-files"
  | "reconcile-sieve"
  | "formats"
  | "simulator";

const modules = new Map<ArtefactName, WebAssembly.Module>();

/**
 * Hands over the compiled module of an artefact. Call it before the first call into that artefact.
 *
 * ```ts
 * import module from "tillproof/wasm/webhooks.wasm"; // a WebAssembly.Module in Workers
 * provideWasm("webhooks", module);
 * ```
 */
export function provideWasm(name: ArtefactName, module: WebAssembly.Module): void {
  if (!isModule(module)) {
    throw new TillproofError({
      code: "module_expected",
      message:
        `provideWasm("${name}", …) was given no WebAssembly.Module: compile the file first, for example with ` +
        "await WebAssembly.compileStreaming(fetch(url))",
      details: { artefact: name },
    });
  }
  if (!modules.has(name)) modules.set(name, module);
}

/** Where an artefact of the slim build finds its module at its first call. */
export function provided(name: ArtefactName): () => WebAssembly.Module {
  return () => {
    const module = modules.get(name);
    if (module !== undefined) return module;
    throw new TillproofError({
      code: "module_not_provided",
      message: `tillproof/slim has no module for ${name} yet: call provideWasm("${name}", module) first`,
      details: { artefact: name },
    });
  };
}

/** By tag and not by class: a module of another realm fails `instanceof`. */
function isModule(value: unknown): boolean {
  return Object.prototype.toString.call(value) === "[object WebAssembly.Module]";
}
