/** Stands in for `#wasm/core` in the slim build. */

import { provided } from "./provided.js";

export default provided("core");
