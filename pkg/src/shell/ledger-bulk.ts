/** The `ledger-bulk` artefact: books for many transactions at once. */

import source from "#wasm/ledger-bulk";
import * as glue from "../../wasm/ledger-bulk.js";
import { Artefact } from "./artefact.js";
import { packed } from "./bytes.js";

/** The one instance of this artefact in the process. */
export const ledgerBulk: Artefact<typeof glue> = /* @__PURE__ */ new Artefact("ledger-bulk", glue, /* @__PURE__ */ packed(source));
