/** The `reconcile` artefact: the mirror against what was settled, as rows and verdicts in bytes. */

import source from "#wasm/reconcile";
import * as glue from "../../wasm/reconcile.js";
import { Artefact } from "./artefact.js";
import { packed } from "./bytes.js";

/** The one instance of this artefact in the process. */
export const judge: Artefact<typeof glue> = /* @__PURE__ */ new Artefact("reconcile", glue, /* @__PURE__ */ packed(source));
