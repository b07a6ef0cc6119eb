/** Stands in for `#wasm/webhooks` in the slim build. */

import { provided } from "./provided.js";

export default provided("webhooks");
