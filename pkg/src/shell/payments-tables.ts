/** The `payments-tables` artefact: what can be known without an intent, such as keys, waits, and what is wrong with a profile. */

import source from "#wasm/payments-tables";
import * as glue from "../../wasm/payments-tables.js";
import { Artefact } from "./artefact.js";
import { packed } from "./bytes.js";

/** The one instance of this artefact in the process. */
export const paymentsTables: Artefact<typeof glue> = /* @__PURE__ */ new Artefact("payments-tables", glue, /* @__PURE__ */ packed(source));
