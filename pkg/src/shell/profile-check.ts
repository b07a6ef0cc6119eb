/**
 * What checks a profile of a merchant's own, in the `payments-tables` artefact: nobody else needs it for a payment.
 *
 * Invariant: nothing of it is loaded before it is needed, see {@link OnDemand}. An `import "tillproof/payments/profiles"`
 * anywhere in the program provides it.
 */

import type { Artefact } from "./artefact.js";
import { OnDemand, type Parts } from "./on-demand.js";

/** The exports of the artefact. */
export type TablesGlue = typeof import("../../wasm/payments-tables.js");

const check = /* @__PURE__ */ new OnDemand<TablesGlue>("payments-tables", {
  code: "profile_check_not_loaded",
  what: "the rules for profiles of your own",
  entry: "payments/profiles",
});

/** Says where the artefact is to be had; starts nothing. The first word counts. */
export function provideProfileCheck(parts: Parts<TablesGlue>): void {
  check.provide(parts);
}

/**
 * The one instance in the process, found when it is first asked for.
 *
 * Throws `profile_check_not_loaded` where it has to be imported by name.
 */
export function profileCheck(): Artefact<TablesGlue> {
  return check.get().artefact;
}
