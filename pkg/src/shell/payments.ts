/** The `payments` artefact: intents, keys, retry. */

import source from "#wasm/payments";
import * as glue from "../../wasm/payments.js";
import { sentences } from "../../wasm/payments.sentences.js";
import { Artefact } from "./artefact.js";
import { packed } from "./bytes.js";

/** The one instance of this artefact in the process. */
export const payments: Artefact<typeof glue> = /* @__PURE__ */ new Artefact("payments", glue, /* @__PURE__ */ packed(source), sentences);
