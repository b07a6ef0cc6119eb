/** Stands in for `#wasm/simulator` in the slim build. */

import { provided } from "./provided.js";

export default provided("simulator");
