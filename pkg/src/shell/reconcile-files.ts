/** The `reconcile-files` artefact: reads generic CSV for the judgement of `reconcile`, and writes the report of it. */

import source from "#wasm/reconcile-files";
import * as glue from "../../wasm/reconcile-files.js";
import { Artefact } from "./artefact.js";
import { packed } from "./bytes.js";

/** The one instance of this artefact in the process. */
export const clerk: Artefact<typeof glue> = /* @__PURE__ */ new Artefact("reconcile-files", glue, /* @__PURE__ */ packed(source));
