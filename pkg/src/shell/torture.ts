/** The `torture` artefact: the seeded hostile world. */

import source from "#wasm/torture";
import * as glue from "../../wasm/torture.js";
import { Artefact } from "./artefact.js";
import { packed } from "./bytes.js";

/** The one instance of this artefact in the process. */
export const world: Artefact<typeof glue> = /* @__PURE__ */ new Artefact("torture", glue, /* @__PURE__ */ packed(source));
