/** Stands in for `#wasm/investigation` in the slim build. */

import { provided } from "./provided.js";

export default provided("investigation");
