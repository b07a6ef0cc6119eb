/** The `webhooks` artefact: signature schemes. */

import source from "#wasm/webhooks";
import type { WebhookExports } from "../webhooks/door.js";
import { bareGlue } from "./bare.js";
import { Instance } from "./instance.js";
import { unsqueezedModule } from "./squeezed.js";

/** The one instance of this artefact in the process. */
export const webhooks: Instance<WebhookExports> = /* @__PURE__ */ new Instance<WebhookExports>("webhooks", /* @__PURE__ */ bareGlue(), /* @__PURE__ */ unsqueezedModule(source));
