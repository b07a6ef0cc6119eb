/** Stands in for `#wasm/reconcile` in the slim build. */

import { provided } from "./provided.js";

export default provided("reconcile");
