/** The `reconcile-sieve` artefact: large files, and parts of a run, in one instance that is made for speed. */

import source from "#wasm/reconcile-sieve";
import * as glue from "../../wasm/reconcile-sieve.js";
import { Artefact } from "./artefact.js";
import { packed } from "./bytes.js";

/** The one instance of this artefact in the process. */
export const sieve: Artefact<typeof glue> = /* @__PURE__ */ new Artefact("reconcile-sieve", glue, /* @__PURE__ */ packed(source));
