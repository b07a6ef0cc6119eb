/** Stands in for `#wasm/payments-tables` in the slim build. */

import { provided } from "./provided.js";

export default provided("payments-tables");
