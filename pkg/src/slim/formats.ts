/** Stands in for `#wasm/formats` in the slim build. */

import { provided } from "./provided.js";

export default provided("formats");
