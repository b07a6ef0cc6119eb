/** Stands in for `#wasm/idempotency` in the slim build. */

import { provided } from "./provided.js";

export default provided("idempotency");
