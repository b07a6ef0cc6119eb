/** The `saga` artefact: what a saga does next. */

import source from "#wasm/saga";
import * as glue from "../../wasm/saga.js";
import { Artefact } from "./artefact.js";
import { packed } from "./bytes.js";

/** The one instance of this artefact in the process. */
export const saga: Artefact<typeof glue> = /* @__PURE__ */ new Artefact("saga", glue, /* @__PURE__ */ packed(source));
