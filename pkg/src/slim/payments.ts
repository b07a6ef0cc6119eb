/** Stands in for `#wasm/payments` in the slim build. */

import { provided } from "./provided.js";

export default provided("payments");
