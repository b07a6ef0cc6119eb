/** The `inbox` artefact: what remembers which events there have been. */

import source from "#wasm/inbox";
import * as glue from "../../wasm/inbox.js";
import { Artefact } from "./artefact.js";
import { packed } from "./bytes.js";

/** The one instance of this artefact in the process. */
export const inbox: Artefact<typeof glue> = /* @__PURE__ */ new Artefact("inbox", glue, /* @__PURE__ */ packed(source));
