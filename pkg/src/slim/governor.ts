/** Stands in for `#wasm/governor` in the slim build. */

import { provided } from "./provided.js";

export default provided("governor");
