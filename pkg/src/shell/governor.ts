/** The `governor` artefact: whether a provider may be asked now. */

import source from "#wasm/governor";
import * as glue from "../../wasm/governor.js";
import { sentences } from "../../wasm/payments.sentences.js";
import { Artefact } from "./artefact.js";
import { packed } from "./bytes.js";

/** The one instance of this artefact in the process. */
export const governor: Artefact<typeof glue> = /* @__PURE__ */ new Artefact("governor", glue, /* @__PURE__ */ packed(source), sentences);
