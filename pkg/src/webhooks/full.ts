/**
 * `tillproof/webhooks` with all of its schemes: importing it once, anywhere in the program, is enough.
 *
 * Node, Bun and Deno find the file by themselves when a scheme needs it. Bundles, pages and workers carry what they
 * import, so they say with this line that they want it.
 */

import { provideFullWebhooks } from "../shell/webhooks-full.js";
import * as parts from "../shell/webhooks-full-parts.js";

provideFullWebhooks(parts);

export * from "./index.js";
