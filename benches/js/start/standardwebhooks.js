import { Webhook } from "standardwebhooks";

import { body } from "./delivery.js";

// It cannot be told which age to accept.
Date.now = () => 1_767_225_600_000;
const headers = {
  "webhook-id": "msg_1",
  "webhook-timestamp": "1767225600",
  "webhook-signature": "v1,acgSgm/d3H5l+IK3T7KGCNs7n6TYQqRLT2OfVg+4XCc=",
};
const webhook = new Webhook("whsec_YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcywgbm8=");
if (webhook.verify(body, headers).id !== "evt_1") throw new Error("refused");
