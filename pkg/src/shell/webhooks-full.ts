/**
 * The `webhooks-full` artefact: everything `webhooks` has, and what weighs (public keys, certificates, diagnosis).
 *
 * Invariant: nothing of it is loaded before it is needed, see {@link OnDemand}. An `import "tillproof/webhooks/full"`
 * anywhere in the program provides it.
 */

import type { Subject } from "../webhooks/hint.js";
import type { Delivery } from "../webhooks/verifier.js";
import type { Artefact } from "./artefact.js";
import { OnDemand, type Parts } from "./on-demand.js";

/** The exports of the artefact: those of `webhooks`, and more. */
export type FullGlue = typeof import("../../wasm/webhooks-full.js");

/** What comes with the artefact: what is said of a delivery that was refused. */
export interface FullParts extends Parts<FullGlue> {
  hintOf(subject: Subject, delivery: Delivery, code: string): string | undefined;
}

const full = /* @__PURE__ */ new OnDemand<FullGlue, FullParts>("webhooks-full", {
  code: "scheme_not_loaded",
  what: "schemes with a public key and diagnosis",
  entry: "webhooks/full",
});

/** Says where the artefact is to be had; starts nothing. The first word counts. */
export function provideFullWebhooks(parts: FullParts): void {
  full.provide(parts);
}

/**
 * The one instance in the process, found when it is first asked for.
 *
 * Throws `scheme_not_loaded` where it has to be imported by name.
 */
export function fullWebhooks(): Artefact<FullGlue> {
  return full.get().artefact;
}

/** What came with it, found in the same way. */
export function fullParts(): FullParts {
  return full.get().parts;
}
