/** The `webhooks` artefact: signature schemes. */

import source from "#wasm/webhooks";
import * as glue from "../../wasm/webhooks.js";
import { Artefact } from "./artefact.js";

/** The one instance of this artefact in the process. */
export const webhooks: Artefact<typeof glue> = /* @__PURE__ */ new Artefact("webhooks", glue, source);
