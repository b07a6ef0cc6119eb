/**
 * The `webhooks-full` artefact: everything `webhooks` has, and what weighs (public keys, certificates, diagnosis).
 *
 * Invariant: nothing of it is loaded before it is needed, and a process has at most one instance of it, however many
 * copies of this module there are (ES module beside CommonJS, two chunks of one bundle). Where it comes from, in this
 * order: an `import "tillproof/webhooks/full"` anywhere in the program; the installed package, in Node, Bun and Deno.
 */

import { Artefact } from "./artefact.js";
import type { ModuleSource } from "./bytes.js";
import { TillproofError } from "./errors.js";
import { VERSION } from "./version.js";

/** The exports of the artefact: those of `webhooks`, and more. */
export type FullGlue = typeof import("../../wasm/webhooks-full.js");

/** What webhooks-full-parts.ts exports. */
export interface FullParts {
  readonly glue: FullGlue;
  readonly source: ModuleSource;
}

/** Registered, so that all copies of this module mean the same; with the version, since the exports belong to it. */
const INSTANCE = Symbol.for(`tillproof/${VERSION}/webhooks-full`);
type Process = { [INSTANCE]?: Artefact<FullGlue> };

/** Says where the artefact is to be had; starts nothing. The first word counts. */
export function provideFullWebhooks({ glue, source }: FullParts): void {
  (globalThis as Process)[INSTANCE] ??= new Artefact("webhooks-full", glue, source);
}

/**
 * The one instance in the process, found when it is first asked for.
 *
 * Throws `scheme_not_loaded` where it has to be imported by name.
 */
export function fullWebhooks(): Artefact<FullGlue> {
  const known = (globalThis as Process)[INSTANCE];
  if (known !== undefined) return known;
  provideFullWebhooks(installed());
  return fullWebhooks();
}

type Builtins = { getBuiltinModule?: (name: "node:module") => { createRequire(from: string): (id: string) => unknown } };

/**
 * From the package as it was installed. The name that is asked for exists for files of the package alone, so that a bundle
 * finds nothing, instead of the files of another version that happen to lie near it.
 */
function installed(): FullParts {
  try {
    const builtins = (globalThis as { process?: Builtins }).process;
    // Bundlers follow `import()` and `require`, and would carry the bytes along; this they do not see.
    const load = builtins?.getBuiltinModule?.("node:module").createRequire(import.meta.url);
    if (load !== undefined) return load("#on-demand/webhooks-full") as FullParts;
  } catch (cause) {
    throw notLoaded(cause);
  }
  throw notLoaded();
}

function notLoaded(cause?: unknown): TillproofError {
  return new TillproofError({
    code: "scheme_not_loaded",
    message:
      "schemes with a public key and diagnosis are kept in a file of their own, which is not loaded by itself in a bundle, " +
      'a page or a worker: add the line import "tillproof/webhooks/full"; (import "tillproof/slim/webhooks/full"; with ' +
      "tillproof/slim)",
    details: { expected: 'import "tillproof/webhooks/full";' },
    cause,
  });
}
