/** Stands in for `#wasm/ledger-bulk` in the slim build. */

import { provided } from "./provided.js";

export default provided("ledger-bulk");
