/**
 * `tillproof/payments` with profiles of the merchant's own: importing it once, anywhere in the program, is enough.
 *
 * Node, Bun and Deno find the file by themselves when such a profile is given. Bundles, pages and workers carry what they
 * import, so they say with this line that they want it.
 */

import * as parts from "../shell/payments-tables-parts.js";
import { provideProfileCheck } from "../shell/profile-check.js";

provideProfileCheck(parts);

export * from "./index.js";
