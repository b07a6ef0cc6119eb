/** Stands in for `#wasm/reconcile-sieve` in the slim build. */

import { provided } from "./provided.js";

export default provided("reconcile-sieve");
