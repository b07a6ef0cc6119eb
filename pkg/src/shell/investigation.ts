/** The `investigation` artefact: what may be said and decided of a break. */

import source from "#wasm/investigation";
import * as glue from "../../wasm/investigation.js";
import { Artefact } from "./artefact.js";
import { packed } from "./bytes.js";

/** The one instance of this artefact in the process. */
export const investigation: Artefact<typeof glue> = /* @__PURE__ */ new Artefact("investigation", glue, /* @__PURE__ */ packed(source));
