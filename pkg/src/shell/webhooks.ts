/** The `webhooks` artefact: signature schemes. */

import source from "#wasm/webhooks";
import type { WebhookExports } from "../webhooks/door.js";
import { Artefact } from "./artefact.js";
import { bareGlue } from "./bare.js";

/** The one instance of this artefact in the process. */
export const webhooks: Artefact<WebhookExports> = /* @__PURE__ */ new Artefact<WebhookExports>("webhooks", /* @__PURE__ */ bareGlue(), source);
