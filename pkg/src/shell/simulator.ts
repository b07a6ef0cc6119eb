/** The `simulator` artefact: the reference gateway and its faults. */

import source from "#wasm/simulator";
import * as glue from "../../wasm/simulator.js";
import { Artefact } from "./artefact.js";
import { packed } from "./bytes.js";

/** The one instance of this artefact in the process. */
export const simulator: Artefact<typeof glue> = /* @__PURE__ */ new Artefact("simulator", glue, /* @__PURE__ */ packed(source));
