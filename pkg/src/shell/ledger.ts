/** The `ledger` artefact: books and templates. */

import source from "#wasm/ledger";
import * as glue from "../../wasm/ledger.js";
import { Artefact } from "./artefact.js";
import { packed } from "./bytes.js";

/** The one instance of this artefact in the process. */
export const ledger: Artefact<typeof glue> = /* @__PURE__ */ new Artefact("ledger", glue, /* @__PURE__ */ packed(source));
