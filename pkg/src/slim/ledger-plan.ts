/** Stands in for `#wasm/ledger-plan` in the slim build. */

import { provided } from "./provided.js";

export default provided("ledger-plan");
