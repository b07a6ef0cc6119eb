import { createVerifier } from "tillproof/webhooks";

import { body, header, secret, toleranceSeconds } from "./delivery.js";

const verifier = createVerifier({ scheme: "stripe-v1", secrets: secret, toleranceSeconds });
const result = verifier.verify({ body, headers: { "stripe-signature": header } });
if (!result.ok || result.events[0].id !== "evt_1") throw new Error("the delivery was refused");
