/** The `ledger-templates` artefact: entries from events. */

import source from "#wasm/ledger-templates";
import * as glue from "../../wasm/ledger-templates.js";
import { Artefact } from "./artefact.js";
import { packed } from "./bytes.js";

/** The one instance of this artefact in the process. */
export const ledgerTemplates: Artefact<typeof glue> = /* @__PURE__ */ new Artefact("ledger-templates", glue, /* @__PURE__ */ packed(source));
