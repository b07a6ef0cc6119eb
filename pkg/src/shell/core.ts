/** The `core` artefact: payments, ledger and reconciliation. */

import source from "#wasm/core";
import * as glue from "../../wasm/core.js";
import { Artefact } from "./artefact.js";

/** The one instance of this artefact in the process. */
export const core: Artefact<typeof glue> = new Artefact("core", glue, source);
