/** The `ledger-plan` artefact: records of books that a database keeps. */

import source from "#wasm/ledger-plan";
import * as glue from "../../wasm/ledger-plan.js";
import { Artefact } from "./artefact.js";
import { packed } from "./bytes.js";

/** The one instance of this artefact in the process. */
export const ledgerPlan: Artefact<typeof glue> = /* @__PURE__ */ new Artefact("ledger-plan", glue, /* @__PURE__ */ packed(source));
