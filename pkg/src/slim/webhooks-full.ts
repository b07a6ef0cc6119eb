/** Stands in for `#wasm/webhooks-full` in the slim build. */

import { provided } from "./provided.js";

export default provided("webhooks-full");
