/** Stands in for `#wasm/ledger` in the slim build. */

import { provided } from "./provided.js";

export default provided("ledger");
