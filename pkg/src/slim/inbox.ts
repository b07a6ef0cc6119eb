/** Stands in for `#wasm/inbox` in the slim build. */

import { provided } from "./provided.js";

export default provided("inbox");
