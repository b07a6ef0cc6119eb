/** The `formats` artefact: readers of the files of providers and banks. */

import source from "#wasm/formats";
import * as glue from "../../wasm/formats.js";
import { Artefact } from "./artefact.js";
import { packed } from "./bytes.js";

/** The one instance of this artefact in the process. */
export const formats: Artefact<typeof glue> = /* @__PURE__ */ new Artefact("formats", glue, /* @__PURE__ */ packed(source));
