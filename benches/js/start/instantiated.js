import { createVerifier } from "tillproof/webhooks";

import { secret } from "./delivery.js";

createVerifier({ scheme: "stripe-v1", secrets: secret });
