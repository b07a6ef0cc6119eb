/** Stands in for `#wasm/ledger-templates` in the slim build. */

import { provided } from "./provided.js";

export default provided("ledger-templates");
