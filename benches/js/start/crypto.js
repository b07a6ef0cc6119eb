/** What everybody pays who hashes with what Node has. */
import { createHmac } from "node:crypto";

// Used, or what bundles this leaves the import out.
if (typeof createHmac !== "function") throw new Error("no HMAC");
