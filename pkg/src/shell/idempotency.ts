/** The `idempotency` artefact: what decides about requests that carry a key. */

import source from "#wasm/idempotency";
import * as glue from "../../wasm/idempotency.js";
import { Artefact } from "./artefact.js";
import { packed } from "./bytes.js";

/** The one instance of this artefact in the process. */
export const idempotency: Artefact<typeof glue> = /* @__PURE__ */ new Artefact("idempotency", glue, /* @__PURE__ */ packed(source));
