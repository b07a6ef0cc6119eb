/** Stands in for `#wasm/reconcile-files` in the slim build. */

import { provided } from "./provided.js";

export default provided("reconcile-files");
