// One delivery verified by the package, and the bare HMAC and comparison by which Node would do a part of it.
import { createHmac, timingSafeEqual } from "node:crypto";

import { createVerifier } from "tillproof/webhooks";

const SECRET = "whsec_test";
const NOW = 1_770_000_000_000;

export const pairs = [200, 2_000, 20_000].map((size) => {
  const frame = { id: "evt_1", object: "event", type: "charge.succeeded", created: 1_770_000_000, note: "" };
  const body = Buffer.from(JSON.stringify({ ...frame, note: "x".repeat(size - JSON.stringify(frame).length) }));
  const mac = () => createHmac("sha256", SECRET).update(`${NOW / 1000}.`).update(body).digest();
  const signature = mac();
  const headers = { "stripe-signature": `t=${NOW / 1000},v1=${signature.toString("hex")}` };
  const verifier = createVerifier({ scheme: "stripe-v1", secrets: SECRET });
  return {
    name: `verify stripe-v1, ${body.length} bytes`,
    ours: {
      name: "tillproof",
      call: () => {
        if (!verifier.verify({ body, headers, now: NOW }).ok) throw new Error("a genuine delivery was refused");
      },
    },
    theirs: {
      name: "node:crypto",
      call: () => {
        if (!timingSafeEqual(mac(), signature)) throw new Error("the HMAC differs");
      },
    },
  };
});
