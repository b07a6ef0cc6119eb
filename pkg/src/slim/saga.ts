/** Stands in for `#wasm/saga` in the slim build. */

import { provided } from "./provided.js";

export default provided("saga");
